package listpack

// Random picks look at groups of step entries: 1 for the members of a set, 2 for the pairs of a hash or a zset. Of a
// group they return the position of its first entry.

// Random returns a group, each as likely as any other for a random draw; 0 if there is none.
func (lp Listpack) Random(step int, draw uint64) int {
	groups := lp.Len() / step
	if groups == 0 {
		return 0
	}
	return lp.Seek(int(draw%uint64(groups)) * step)
}

// AppendPositions appends the positions of all groups to dst, to index many picks by.
func (lp Listpack) AppendPositions(dst []int, step int) []int {
	for p := lp.First(); p != 0; p = lp.Skip(p, step) {
		dst = append(dst, p)
	}
	return dst
}

// AppendSample appends the positions of n different groups to dst, ascending, or of all if there are fewer. Every
// choice of n groups is as likely. draw returns a random number below its argument, as rand.Uint64N does.
func (lp Listpack) AppendSample(dst []int, step, n int, draw func(uint64) uint64) []int {
	left := lp.Len() / step
	n = min(n, left)
	for p := lp.First(); n > 0; p = lp.Skip(p, step) {
		// Of the groups left n are still to be taken, so this one is with the chance n/left.
		if draw(uint64(left)) < uint64(n) {
			dst = append(dst, p)
			n--
		}
		left--
	}
	return dst
}
