package netloop

// Output may have to wait: a server that keeps a log on disk answers a change when the log is there, and not before. The loop
// does not wait for the disk with it, but goes on reading and serving; what a turn has appended is sent when Handler.Settled
// reaches the mark that Handler.Unlock has returned for the turn. So one fsync is shared by all that was served during the last.
//
//	turn    1      2      3      4            5
//	mark    10     10     25     31           31
//	                             Settled 10   Settled 31
//	output  ---------- waits ----1, 2---------3, 4, 5 are sent
//
// All output of a turn waits, that of clients that only read too: they may have seen what is not kept yet. A connection
// may have output of several turns; settled is how far it may be sent, counted in bytes since it began.

// unsettled is output of a connection that waits for a mark.
type unsettled struct {
	mark int64 // of portable loops: 0, as they await it
	c    *Conn
	upTo uint64 // Conn.netOut when all of it is sent
}

// settle has the output of this turn wait for a mark. Called in C.
func (l *Loop) settle(mark int64) {
	if mark == 0 || len(l.dirty) == 0 {
		return
	}
	l.unsettling.Store(true) // from here on Settle wakes the loop
	if l.handler.Settled() >= mark {
		l.release()
		return
	}
	for _, c := range l.dirty {
		if c.has(flagDead | flagLate) {
			continue // late: nobody knows where this turn's output ends; all of it waits for the next turn's mark
		}
		if c.unsettled == 0 {
			c.settled = c.netOut
		}
		c.unsettled++
		l.unsettled = append(l.unsettled, unsettled{mark, c, c.netOut + uint64(c.waiting())})
	}
}

// release sends what waited for marks that are reached. Called in A or C.
func (l *Loop) release() {
	if len(l.unsettled) == 0 {
		l.unsettling.Store(false)
		return
	}
	reached, k := l.handler.Settled(), 0
	for ; k < len(l.unsettled) && l.unsettled[k].mark <= reached; k++ {
		u := &l.unsettled[k]
		u.c.settled = u.upTo
		u.c.unsettled--
		if !u.c.has(flagDead) {
			l.flush(u.c)
		}
	}
	rest := copy(l.unsettled, l.unsettled[k:])
	clear(l.unsettled[rest:])
	l.unsettled = l.unsettled[:rest]
	if rest == 0 {
		l.unsettling.Store(false)
	}
}

// maySend returns how many bytes of the output may be sent now. That of connections that wait for nothing is not counted.
func (c *Conn) maySend() int {
	switch {
	case c.has(flagLate):
		return 0
	case c.unsettled > 0:
		return int(c.settled - c.netOut)
	}
	return maxInt
}

const maxInt = int(^uint(0) >> 1)
