package prefix

// Memory returns the bytes that the tree takes on the Go heap, as they are booked.
func (t *Tree) Memory() int64 {
	return rowBytes*int64(len(t.rows)) + int64(8*len(t.index)+8*len(t.taken)+8*len(t.kids)+8*len(t.used)+4*cap(t.free)+2*len(t.asking)+8*cap(t.victims))
}
