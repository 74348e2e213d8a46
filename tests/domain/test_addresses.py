"""One parser's verdict on URLs and hosts, and our address table against the IANA registries."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.addresses import (
    DENIED_PORTS,
    AddressPolicy,
    BadUrl,
    Url,
    canonical_authority,
    canonical_host,
    host_matches,
    join_url,
    parse_url,
    same_origin,
)
from domain.networks import is_global

PUBLIC = AddressPolicy()
LOOPBACK = AddressPolicy.parse("127.0.0.0/8, ::1/128")

# IANA IPv4 Special-Purpose Address Registry, every entry; then multicast and class E.
IANA_V4 = [
    *("0.0.0.0/8", "0.0.0.0/32", "10.0.0.0/8", "100.64.0.0/10"),
    *("127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    *("192.0.0.0/24", "192.0.0.0/29", "192.0.0.8/32", "192.0.0.9/32"),
    *("192.0.0.10/32", "192.0.0.170/32", "192.0.0.171/32"),
    *("192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
    *("192.88.99.2/32", "192.168.0.0/16"),
    *("192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
    *("240.0.0.0/4", "255.255.255.255/32"),
    *("224.0.0.0/4",),
]

# IANA IPv6 Special-Purpose Address Registry, every entry; then multicast, site-local, 6bone and
# blocks outside 2000::/3 that were never given out.
IANA_V6 = [
    *("::1/128", "::/128", "64:ff9b:1::/48", "100::/64"),
    *("100:0:0:1::/64", "2001::/23", "2001::/32", "2001:1::1/128"),
    *("2001:1::2/128", "2001:1::3/128", "2001:2::/48", "2001:3::/32"),
    *("2001:4:112::/48", "2001:10::/28", "2001:20::/28"),
    *("2001:30::/28", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48"),
    *("3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10"),
    *("ff00::/8", "fec0::/10", "3ffe::/16", "::/8"),
    *("200::/7", "400::/6", "800::/5", "1000::/4", "4000::/3", "8000::/3", "e000::/4"),
    *("::ffff:0:0:0/96",),
]


@pytest.mark.parametrize("block", IANA_V4 + IANA_V6)
def test_F01_every_special_purpose_block_is_refused(block: str) -> None:
    network = ip_network(block)
    for address in (network[0], network[network.num_addresses // 2], network[-1]):
        assert not PUBLIC.permits(address), address
        assert not PUBLIC.permits(str(address)), address


@pytest.mark.parametrize(
    "address",
    [
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254"),
        *("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe"),
        *("2002:7f00:1::", "2002:808:808::1", "2001:0:7f00:1::", "::127.0.0.1", "::8.8.8.8"),
        *("fe80::1%eth0", "2606:4700::1111%eth0", "not an address", ""),
    ],
)
def test_F01_translated_and_broken_forms_are_refused(address: str) -> None:
    assert not PUBLIC.permits(address)


@pytest.mark.parametrize(
    "address",
    [
        *("1.1.1.1", "8.8.8.8", "93.184.216.34", "11.0.0.1", "100.63.255.255", "100.128.0.0"),
        *("172.15.255.255", "172.32.0.0", "192.0.1.0", "198.17.255.255", "198.20.0.0"),
        *("223.255.255.255", "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0"),
        *("2001:200::1", "2606:4700:4700::1111", "2a00:1450::1", "3ffd:ffff::1", "2003::1"),
        *("::ffff:8.8.8.8", "64:ff9b::808:808"),
    ],
)
def test_F01_public_addresses_and_the_neighbours_of_every_block_are_permitted(address: str) -> None:
    assert PUBLIC.permits(address)


def test_F01_private_networks_only_as_listed() -> None:
    assert LOOPBACK.permits("127.0.0.1")
    assert LOOPBACK.permits("127.9.9.9")
    assert LOOPBACK.permits("::1")
    assert not LOOPBACK.permits("10.0.0.1")
    assert not LOOPBACK.permits("::ffff:127.0.0.1")
    assert not LOOPBACK.permits("64:ff9b::7f00:1")
    assert LOOPBACK.permits_plain("127.0.0.1")
    assert not LOOPBACK.permits_plain("8.8.8.8")
    assert not PUBLIC.permits_plain("8.8.8.8")


@given(st.ip_addresses(v=6, network="::/96"))
def test_F01_no_ipv4_compatible_address_is_global(address: object) -> None:
    assert not PUBLIC.permits(str(address))


@given(st.ip_addresses(v=4))
def test_F01_mapped_and_nat64_follow_the_address_inside(address: object) -> None:
    inner = PUBLIC.permits(str(address))
    assert PUBLIC.permits(f"::ffff:{address}") is inner
    assert PUBLIC.permits(f"64:ff9b::{address}") is inner


def test_a_policy_with_a_broken_network_is_refused() -> None:
    with pytest.raises(ValueError, match="host bits"):
        AddressPolicy.parse("127.0.0.1/8")


NUMBER_FORMS = [
    *("127.1", "127.0.1", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "017700000001"),
    *("127.0.0.1.", "127.0.0.01", "1.2.3.4.5", "256.1.1.1", "1.0x", "0x7f.0x0.0x0.0x1"),
    *("\uff11\uff12\uff17.0.0.1", "\uff11\uff12\uff17\uff0e0\uff0e0\uff0e1", "①②⑦.0.0.1"),
    *("[::ffff:7f00:1]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]"),
    *("[2002:7f00:1::]", "[fe80::1%25eth0]", "[fe80::1%eth0]", "[::1", "::1", "[v1.x]", "[]"),
]


@pytest.mark.parametrize("host", NUMBER_FORMS)
def test_F02_number_forms_are_refused(host: str) -> None:
    with pytest.raises(BadUrl):
        parse_url(f"https://{host}/")
    with pytest.raises(BadUrl):
        canonical_host(host)


def test_F02_plain_literals_are_read() -> None:
    assert parse_url("https://1.1.1.1/").address is not None
    assert parse_url("https://[2606:4700:0::1111]:8443/x").authority == "[2606:4700::1111]:8443"
    assert parse_url("https://name1.example/").address is None


SCHEMES_AND_NAMES = [
    *("file:///etc/passwd", "ftp://a.example/", "gopher://a.example/", "data:text/plain,x"),
    *("unix:/run/x.sock", "http+unix://x/", "javascript:alert(1)", "//a.example/", "a.example"),
    *("https:/a.example/", "https:a.example", "https://", "https:///a.example/", ""),
    *("https://x.onion/", "https://printer.local/", "https://x.internal/", "https://intranet/"),
    *("https://local/", "https://onion/", "https://localhost./", "https://x.localhost./"),
    *("https://router.home.arpa/", "https://x.LOCAL/", "https://x.invalid/", "https://-a.example/"),
    *("https://a..example/", "https://.example.org/", "https://a_b.example/"),
    "https://" + "a" * 64 + ".example/",
    "https://" + "a." * 130 + "example/",
    "https://a.example/" + "a" * 5000,
]


@pytest.mark.parametrize("text", SCHEMES_AND_NAMES)
def test_F05_schemes_and_local_names_are_refused(text: str) -> None:
    with pytest.raises(BadUrl):
        parse_url(text)


@pytest.mark.parametrize(
    "text",
    ["http://a.example/", "https://localhost/", "https://hq.localhost:8081/", "http://127.0.0.1/"],
)
def test_F05_http_and_this_machine_are_refused_without_allowed_networks(text: str) -> None:
    with pytest.raises(BadUrl):
        PUBLIC.vet(parse_url(text))


def test_F05_http_to_a_public_address_is_refused_even_in_development() -> None:
    with pytest.raises(BadUrl):
        LOOPBACK.vet(parse_url("http://8.8.8.8/"))


def test_F05_allowed_names_pass() -> None:
    PUBLIC.vet(parse_url("https://a.example/"))
    LOOPBACK.vet(parse_url("http://hq.localhost:8081/a/1"))
    LOOPBACK.vet(parse_url("http://localhost:8080/"))
    LOOPBACK.vet(parse_url("http://[::1]:8080/"))


@pytest.mark.parametrize(
    "port",
    [
        *(22, 25, 5432, 6379, 11211, 0, 65536, 1, 79, 81, 442, 444, 1023, 99999, "", "x", "-1"),
        *("080", "0443", "+80", "8_0", "\uff18\uff10\uff18\uff10", "1e3", "80:80"),
    ],
)
def test_F06_ports_are_refused(port: object) -> None:
    for host in ("a.example", "127.0.0.1", "[::1]"):
        with pytest.raises(BadUrl):
            parse_url(f"https://{host}:{port}/")


@pytest.mark.parametrize("port", sorted(DENIED_PORTS))
def test_F06_well_known_services_are_refused(port: int) -> None:
    with pytest.raises(BadUrl):
        parse_url(f"https://a.example:{port}/")


def test_F06_web_ports_pass_and_the_schemes_own_port_is_left_out() -> None:
    assert parse_url("https://a.example:443/").port is None
    assert parse_url("http://a.example:80/").port is None
    assert parse_url("https://a.example:80/").port == 80
    assert parse_url("https://a.example:8443/").origin == "https://a.example:8443"
    assert parse_url("https://a.example:65535/").effective_port == 65535


DIFFERENTIALS = [
    *("https://u@a.example/", "https://u:p@a.example/", "https://@a.example/"),
    *("https://a.example\\@evil.example/", "https://a.example\\.evil.example/", "https:\\\\a.b/"),
    *(
        "https://a.exa\tmple/",
        "https://a.example/\n",
        " https://a.example/",
        "https://a.example/ x",
    ),
    *(
        "https://a.example\x00.evil.example/",
        "https://a.example/\x85",
        "https://a.example/\r\nX: y",
    ),
    *("https://a%2eexample/", "https://a%00.example/", "https://%61.example/"),
    *("https://a.example#@evil.example/", "https://a.example?@evil.example/"),
    *("https://a.example/#@evil.example", "https://a.example:80#@evil.example:80/"),
    *("https://a\u3002example/", "https://a\uff0eexample/", "https://a\uff61example/"),
    *("https://\uff41.example/", "https://a.example./", "https://a\u00ad.example/"),
    *("https://a.example/%", "https://a.example/%zz", "https://a.example/../x"),
    *("https://a.example/x/%2E%2e/y", "https://a.example/./", "https://a.example/\ud800"),
    *("https://[::1]x.example/", "https://a[::1]/", "https://a.example]/", "https://[::1]]/"),
]


@pytest.mark.parametrize("text", DIFFERENTIALS)
def test_F07_what_parsers_read_differently_is_refused(text: str) -> None:
    with pytest.raises(BadUrl):
        parse_url(text)


def test_F07_ordinary_urls_have_one_spelling() -> None:
    for text in ("https://B\u00fccher.Example", "HTTPS://xn--BCHER-kva.example:443/"):
        assert str(parse_url(text)) == "https://xn--bcher-kva.example/"
    url = parse_url("https://a.example/@ana/1?a[]=\u00e9&b=%2F#main-key")
    assert url.target == "/@ana/1?a%5B%5D=%C3%A9&b=%2F"
    assert str(url.without_fragment()) == "https://a.example" + url.target
    assert url == Url("https", "a.example", None, "/@ana/1", "a%5B%5D=%C3%A9&b=%2F", "main-key")


def test_F07_a_refusal_repeats_nothing_of_the_input() -> None:
    with pytest.raises(BadUrl) as refusal:
        parse_url("https://secret:hunter2@a.example/")
    assert "hunter2" not in str(refusal.value)
    assert refusal.value.reason == str(refusal.value)


@given(st.text(max_size=60))
def test_F07_any_text_is_read_stably_or_refused(text: str) -> None:
    for candidate in (text, f"https://{text}", f"https://a.example{text}"):
        try:
            url = parse_url(candidate)
        except BadUrl:
            continue
        assert parse_url(str(url)) == url
        assert str(url).isascii()


def test_F07_references_are_joined_by_the_same_rules() -> None:
    base = parse_url("https://a.example/x/y?q#f")
    assert str(join_url(base, "../z")) == "https://a.example/z"
    assert str(join_url(base, "?p=1")) == "https://a.example/x/y?p=1"
    assert str(join_url(base, "//b.example/z")) == "https://b.example/z"
    assert str(join_url(base, "http://c.example")) == "http://c.example/"


@pytest.mark.parametrize(
    "reference",
    [
        *("///evil.example/", "https:evil.example", "https:/evil.example", "javascript:alert(1)"),
        *("/\\evil.example", "\t//evil.example", "//u@evil.example/", "file:///etc/passwd"),
        *("//127.1/", "data:,x", "//a.example:22/", "x" * 5000),
        *("http://[::1", "//[x"),
    ],
)
def test_F07_ambiguous_references_are_refused(reference: str) -> None:
    with pytest.raises(BadUrl):
        join_url(parse_url("https://a.example/"), reference)


def test_same_origin_compares_parsed_parts_never_prefixes() -> None:
    assert same_origin("https://a.example/x", "https://A.example:443/y")
    assert same_origin(parse_url("https://a.example/"), "https://a.example")
    assert not same_origin("https://a.example", "https://a.example.evil.test")
    assert not same_origin("https://a.example", "https://a.example:8443")
    assert not same_origin("https://a.example", "http://a.example")
    assert not same_origin("https://a.example", "https://sub.a.example")
    assert not same_origin("nonsense", "nonsense")


@pytest.mark.parametrize(
    "spelling", ["X.EXAMPLE", "x.example", "X.eXample:8443", "sub.x.example", "a.sub.x.example:80"]
)
def test_O16_spellings_of_a_blocked_host_are_matched(spelling: str) -> None:
    assert host_matches(parse_url(f"https://{spelling}/").host, canonical_host("X.example"))


@pytest.mark.parametrize("spelling", ["x.example.", "x\uff0eexample", "\uff58.example"])
def test_O16_other_spellings_are_refused_altogether(spelling: str) -> None:
    with pytest.raises(BadUrl):
        canonical_host(spelling)


def test_O16_a_label_and_u_label_are_one_host() -> None:
    assert canonical_host("B\u00dcCHER.example") == canonical_host("XN--bcher-KVA.example")


def test_O16_matching_goes_by_whole_labels() -> None:
    assert not host_matches("notx.example", "x.example")
    assert not host_matches("example", "x.example")
    assert not host_matches("x.example.org", "x.example")


def test_an_authority_keeps_its_port_and_loses_only_443() -> None:
    assert canonical_authority("HQ.localhost:8081") == "hq.localhost:8081"
    assert canonical_authority("a.example:443") == "a.example"
    assert canonical_authority("[::1]:8080") == "[::1]:8080"
    for text in ("a.example/", "u@a.example", "a.example:22", "a.example:", "a b.example", ""):
        with pytest.raises(BadUrl):
            canonical_authority(text)


def test_is_global_has_no_opinion_on_allowed_networks() -> None:
    assert not is_global(ip_network("127.0.0.0/8")[1])
