"""Views into wire documents. Rendering never queries."""
