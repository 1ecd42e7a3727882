"""What an SFU does with RTP and RTCP packets, without sockets, tasks or a clock.

Bytes and times go in, bytes come out. Times are seconds of any monotonic clock, as floats.
"""
