"""What an SFU does with RTP and RTCP packets, without sockets, tasks or a clock.

Bytes and times go in, bytes come out. Times are seconds of any monotonic clock, as floats; all
packets are without encryption. Nothing that comes from the network raises: what breaks the rules
is counted and dropped. One room's objects belong to one thread.

A `publisher.Publisher` takes in one connection's packets, a `subscriber.Subscriber` sends to one,
and a `forwarder.Forwarder` ties the tracks of the former to the latter.
"""
