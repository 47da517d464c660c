package prefix

// Memory returns the bytes that the tree takes on the Go heap, as they are booked.
func (t *Tree) Memory() int64 { return t.fixed() + int64(len(t.chunks))*chunkBytes }
