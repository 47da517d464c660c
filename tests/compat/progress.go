package compat

import "granary/tests/live"

// sameBesideProgress reports whether two replies of XINFO differ in nothing but how far groups are.
func sameBesideProgress(args []string, redis, granary live.Reply) bool {
	return is(args, "XINFO") && alike(times, withoutProgress(redis), withoutProgress(granary))
}

func withoutProgress(r live.Reply) live.Reply {
	elems := make([]live.Reply, len(r.Elems))
	for i, e := range r.Elems {
		if i > 0 && (r.Elems[i-1].Str == "entries-read" || r.Elems[i-1].Str == "lag") {
			continue
		}
		elems[i] = withoutProgress(e)
	}
	r.Elems = elems
	return r
}
