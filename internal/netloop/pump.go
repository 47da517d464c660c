package netloop

import (
	"runtime"

	"granary/internal/mem"
)

// A session that takes long (a script) may have its loop take turns meanwhile, so that other clients are answered that
// the server is busy. What the outer turn has at hand is put aside for as long:
//
//	outer turn   A  B: Serve(c) ......................................... rest of B  C
//	                     Pump    A B C    Pump   A B C   ...   PumpEnd
//
//	read buffer    the outer turn's holds the request that is being served: the inner ones have another
//	events         the same
//	ready          those read in the outer turn and not yet served are served by the first inner turn
//	c              is neither read, nor buried when it dies, nor are its buffers fitted
//
// Between two turns of others the keyspace lock is let go for a moment, so other loops take turns too.

// pump is what the outer turn had at hand.
type pump struct {
	read    []byte
	readRef mem.Ref
	used    int
	setAside
}

// Pump takes a turn in the middle of B. The keyspace lock is released and taken again.
//
// REQUIRES: called in B of the loop, by a session in Serve; PumpEnd follows before Serve returns.
func (l *Loop) Pump() {
	if l.portable {
		l.mu.Unlock()
		l.handler.Unlock(l)
		runtime.Gosched()
		l.handler.Lock(l)
		l.mu.Lock()
		return
	}
	if l.pumping == nil {
		p := &pump{read: l.read, readRef: l.readRef, used: l.readUsed}
		ref := l.arena.Alloc(len(l.read), mem.PurposeQueryBuffer) // may panic: first
		p.putAside(l)
		l.readRef, l.read, l.readUsed = ref, mem.Bytes(ref, len(l.read)), 0
		l.pumping = p
		l.serveAll() // what the outer turn has read
	}
	l.handler.Unlock(l)
	l.readClock()
	l.pumpTurn()
	l.handler.Lock(l)
}

// PumpEnd is the end of Pump.
//
// REQUIRES: as Pump.
func (l *Loop) PumpEnd() {
	p := l.pumping
	if p == nil {
		return
	}
	l.arena.Free(l.readRef, len(l.read), mem.PurposeQueryBuffer)
	l.read, l.readRef, l.readUsed = p.read, p.readRef, p.used
	p.putBack(l)
	l.pumping = nil
}
