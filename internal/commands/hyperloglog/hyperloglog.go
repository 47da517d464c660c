// Package hyperloglog holds the commands on HyperLogLogs: PFADD, PFCOUNT, PFMERGE, and two for debugging. A HyperLogLog is a
// string value in a raw block; internal/encoding/hll draws its bytes and knows what they mean.
//
//	hyperloglog.go  what the handlers share: finding a value, and building one
//	add.go          PFADD, PFMERGE
//	count.go        PFCOUNT
//	debug.go        PFDEBUG, PFSELFTEST
//
// # How a value is changed
//
// Dense values have one length, so they are changed where they lie. Sparse ones grow and shrink by single bytes and may have to
// become dense, at any element of a command that adds several; they are copied to a draft outside of the keyspace (at most
// hll-sparse-max-bytes, 3000 by default), changed there, and put back if there was a change. So a command
// asks for memory once, and before it changes anything: when there is none, the key is as it was.
package hyperloglog

import (
	"granary/internal/command"
	"granary/internal/encoding/hll"
	"granary/internal/keyspace"
	"granary/internal/object"
)

// Register adds the commands of the family.
func Register(t *command.Table) {
	t.Register(specPFAdd, specPFCount, specPFDebug, specPFMerge, specPFSelfTest)
}

const (
	errNotHLL  = "WRONGTYPE Key is not a valid HyperLogLog string value."
	errCorrupt = "INVALIDOBJ Corrupted HLL object detected"

	// maxSparse is the longest well-formed sparse value: every register a run of its own, in two bytes.
	maxSparse = hll.HeaderSize + 2*hll.NumRegisters
)

// work is where values are built and registers are added up, so that no command allocates.
// OWNS: guarded by the keyspace lock; nothing in it outlives a command.
var work struct {
	regs   hll.Registers
	sparse [maxSparse]byte
	dense  [hll.DenseSize]byte
	digits object.Scratch
}

// value returns the bytes of an existing key's HyperLogLog, or answers that it is none.
// BORROWS: they are valid until the next change of the keyspace.
func value(c *command.Ctx, it *keyspace.Item) ([]byte, bool) {
	if !c.IsType(it, object.String) {
		return nil, false
	}
	b := it.Entry.Text(&work.digits)
	if !hll.Valid(b) {
		c.Out.Error(errNotHLL)
		return nil, false
	}
	return b, true
}

// edit is value for a key that is about to be changed: its encoding becomes raw, as in Redis even if no change follows, and the
// bytes may be written to. They are nil if there is no such key.
func edit(c *command.Ctx, it *keyspace.Item) ([]byte, bool) {
	if !it.Exists() {
		return nil, true
	}
	if _, ok := value(c, it); !ok {
		return nil, false
	}
	return it.Edit(0), true
}

// draft is a value while it is changed: b lies in the key's block, or in work.
type draft struct {
	b       []byte
	inPlace bool
	limit   int // hll-sparse-max-bytes
}

// newDraft begins to change a key, whose value is b (nil: an empty one). It fails with hll.ErrCorrupt.
func newDraft(c *command.Ctx, b []byte) (draft, error) {
	d := draft{b: b, limit: int(c.Env.Config.HLLSparseMaxBytes)}
	switch {
	case b == nil:
		d.b = hll.AppendNew(work.sparse[:0])
	case hll.EncodingOf(b) == hll.Dense:
		d.inPlace = true
	case len(b) > maxSparse:
		return d, hll.ErrCorrupt
	default:
		d.b = append(work.sparse[:0], b...)
	}
	return d, nil
}

// toDense makes a sparse draft dense.
func (d *draft) toDense() (err error) {
	if hll.EncodingOf(d.b) == hll.Sparse {
		d.b, err = hll.AppendDense(work.dense[:0], d.b)
	}
	return err
}

// add adds an element. hll.ErrSpace is as good as hll.ErrCorrupt: no well-formed value is longer than maxSparse.
func (d *draft) add(element []byte) (changed bool, err error) {
	d.b, changed, err = hll.Add(d.b, element, d.limit)
	if err == hll.ErrPromote {
		if err = d.toDense(); err == nil {
			d.b, changed, err = hll.Add(d.b, element, d.limit)
		}
	}
	return changed, err
}

// raise raises the registers to those of work.regs.
func (d *draft) raise() (err error) {
	for next := 0; next < hll.NumRegisters; {
		d.b, next, err = work.regs.Raise(d.b, next, d.limit)
		if err == hll.ErrPromote {
			err = d.toDense()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// store marks the cached cardinality as stale and gives the key its value.
func (d *draft) store(it *keyspace.Item) {
	hll.Invalidate(d.b)
	if !d.inPlace {
		it.SetRawText(d.b)
	}
}
