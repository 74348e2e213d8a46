"""Machines that send what no app would send, and look whether the node stays polite."""
