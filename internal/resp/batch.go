package resp

// Bounds of a Batch.
const (
	BatchMost = 16  // requests
	batchArgs = 256 // arguments of all of them
)

// A Batch is a row of whole requests of the ordinary form that a client has sent without waiting for replies. They are read in
// one pass, so that what they will need is known before the first of them is executed.
type Batch struct {
	args [batchArgs][]byte // of all requests, one behind the other
	ends [BatchMost]end
	n    int // requests
	next int // the one that Next returns
}

// end is where a request of a Batch ends.
type end struct{ args, size int }

// Read reads the requests at the front of in, as many as there is room for. maxBulkLen is a Parser's MaxBulk. What does not fit or
// is of another form is left to a Parser, and so is everything behind it.
func (b *Batch) Read(in []byte, maxBulkLen int64) {
	b.next = 0
	n, most := 0, maxBulk(maxBulkLen)
	for args := b.args[:0]; n < BatchMost; n++ {
		more, size := ordinary(in, args, batchArgs-len(args), most)
		if size == 0 {
			break
		}
		args, in = more, in[size:]
		b.ends[n] = end{len(args), size}
	}
	b.n = n
}

// Next returns the arguments of the next request and its bytes, which are 0 if there is none. The arguments are slices of what
// Read was given; their list is valid until the next Read.
func (b *Batch) Next() (args [][]byte, size int) {
	if b.next == b.n {
		return nil, 0
	}
	from := 0
	if b.next > 0 {
		from = b.ends[b.next-1].args
	}
	e := b.ends[b.next]
	b.next++
	return b.args[from:e.args:e.args], e.size
}

// Keys puts the second argument of each request, which is the first key of most commands, into keys, and returns how many
// there are, at most BatchMost.
func (b *Batch) Keys(keys [][]byte) int {
	n, from := 0, 0
	for i := range b.n {
		to := b.ends[i].args
		if to-from > 1 {
			keys[n] = b.args[from+1]
			n++
		}
		from = to
	}
	return n
}
