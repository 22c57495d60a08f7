"""MQTT 3.1.1 and 5.0 as bytes: every packet, property and reason code. No I/O.

Sections are those of the OASIS standard "MQTT Version 5.0" unless a 3.1.1 stands before them.
"""
