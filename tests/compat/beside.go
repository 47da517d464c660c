package compat

import (
	"slices"

	"granary/tests/live"
)

// sameBeside returns what reports whether two replies of XINFO differ in nothing but some of their fields.
func sameBeside(fields ...string) func(args []string, redis, granary live.Reply) bool {
	return func(args []string, redis, granary live.Reply) bool {
		return is(args, "XINFO") && alike(times, without(redis, fields), without(granary, fields))
	}
}

// without returns a reply with nothing in the place of the values of some fields.
func without(r live.Reply, fields []string) live.Reply {
	elems := make([]live.Reply, len(r.Elems))
	for i, e := range r.Elems {
		if i > 0 && slices.Contains(fields, r.Elems[i-1].Str) {
			continue
		}
		elems[i] = without(e, fields)
	}
	r.Elems = elems
	return r
}

// withoutApproximate returns a history without approximate trimming of streams, which takes whole nodes: where what is dead is
// freed all the time, which entries share a node may be different.
func withoutApproximate(h []command) []command {
	return slices.DeleteFunc(h, func(c command) bool {
		args := c.args()
		return (is(args, "XADD") || is(args, "XTRIM")) && slices.Contains(args, "~")
	})
}
