package command

import (
	"granary/internal/mem"
	"granary/internal/object"
)

// Output that many clients are sent: a large message of PUBLISH, a long line of MONITOR. It lies once in our memory, in a
// block that is no key's (object.NewLooseRaw), and each client's output refers to it; it goes when the last of them has
// sent it. It counts in the output of each (omem), so that limits hold for those who do not read, as if each had a copy.

// shareMin is the least size of what is shared: less is not worth a block, and is copied to each client.
const shareMin = 16 << 10

// shared is a block that is about to be sent to clients.
type shared struct {
	ref mem.Ref // 0: none
	n   int     // bytes
}

// newShared allocates a block of n bytes, or returns none if there is no memory for it.
func (e *Env) newShared(n int) (s shared) {
	defer func() {
		switch p := recover(); p {
		case nil, mem.ErrOutOfMemory:
		default:
			panic(p)
		}
	}()
	return shared{object.NewLooseRaw(e.Keys.Arena, n), n}
}

// bytes returns the bytes of the block.
func (s shared) bytes() []byte { return object.RawBytes(s.ref) }

// unshare gives the sender's own reference up.
func (e *Env) unshare(s shared) {
	if s.ref != 0 {
		object.UnpinRaw(e.Keys.Arena, s.ref)
	}
}

// sendShared appends the block to the output of a client. REQUIRES: the output is the caller's.
func (c *Client) sendShared(s shared) {
	if object.RawRefs(s.ref) == object.MaxRawRefs {
		c.Out.Raw(s.bytes())
		return
	}
	if c.Out.RawRef(s.ref, object.RawPayload, s.n) {
		object.PinRaw(s.ref)
	}
}
