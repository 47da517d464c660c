package rdb

import (
	"errors"
	"fmt"
	"io"

	"granary/internal/config"
	"granary/internal/mem"
	"granary/internal/object"
)

// Checked is what Check finds in a file.
type Checked struct {
	Version int
	Keys    int64
	Expires int64 // keys that have an expiry
	Expired int64 // of them, those whose time has come
	Hollow  int64 // keys whose values have no elements: loading leaves them out
	Size    int64 // bytes up to the end of the checksum, or to the fault
}

// Checker says what a file has, in the words of the reference tool, and keeps nothing of it.
type Checker struct {
	Checked

	// Now is the time in Unix ms.
	Now int64
	// Say is given a line about the place at offset.
	Say func(offset int64, line string)
	// Between, which may be nil, is called after every key with the offset behind it.
	Between func(offset int64)

	d *Decoder
}

// Check reads a file of size bytes, -1 if that is not known, to the end of its checksum. An error is a *FileError, or
// mem.ErrOutOfMemory if a value does not fit into memory. Versions that are not known are an error, as when a server starts.
func (c *Checker) Check(src io.Reader, size int64, a *mem.Arena) (err error) {
	defer func() {
		if x := recover(); x != nil {
			if x != error(mem.ErrOutOfMemory) {
				panic(x)
			}
			err = mem.ErrOutOfMemory
		}
	}()
	cfg := config.New()
	lim := LimitsOf(cfg, object.StringLimits{Embstr: int(cfg.StringEmbstrMax), Shared: true})
	c.d = NewFileDecoder(src, size)
	defer func() { c.Size = c.d.Offset() }()
	c.Version, err = ReadFile(c.d, a, lim, Trust{}, c)
	return err
}

// Left returns how many bytes follow what was read, of a file whose size is known.
func (c *Checker) Left() int64 { return c.d.Left() }

func (c *Checker) say(format string, args ...any) {
	c.Say(c.d.Offset(), fmt.Sprintf(format, args...))
}

// Aux implements Content, as do the methods that follow.
func (c *Checker) Aux(name, value string) { c.say("AUX FIELD %s = '%s'", name, value) }

// Select tells of a database.
func (c *Checker) Select(db int) { c.say("Selecting DB ID %d", db) }

// Summed tells of the checksum.
func (c *Checker) Summed(there bool) {
	if there {
		c.say("Checksum OK")
	} else {
		c.say("RDB file was saved with checksum disabled: no check performed.")
	}
}

// Sizes passes the sizes of a database over.
func (c *Checker) Sizes(_, _, _ int) {}

// Function passes the code of a library over.
func (c *Checker) Function([]byte) error { return nil }

// Key counts a key.
func (c *Checker) Key(rec *Record, _ *Reader) error {
	c.count(rec)
	return nil
}

// Empty counts a key that has a value without elements.
func (c *Checker) Empty(rec *Record) {
	c.Hollow++
	c.count(rec)
}

func (c *Checker) count(rec *Record) {
	c.Keys++
	if rec.Expiry != 0 {
		c.Expires++
		if rec.Expiry < c.Now {
			c.Expired++
		}
	}
	if c.Between != nil {
		c.Between(c.d.Offset())
	}
}

// typeNames are the names of types in reports of the reference tool.
var typeNames = map[Type]string{
	TypeString: "string", TypeList: "list-linked", TypeSet: "set-hashtable", TypeZSet: "zset-v1", TypeHash: "hash-hashtable",
	TypeZSet2: "zset-v2", TypeModule: "module-pre-release", TypeModule2: "module-value", TypeHashZipmap: "hash-zipmap",
	TypeListZiplist: "list-ziplist", TypeSetIntset: "set-intset", TypeZSetZiplist: "zset-ziplist", TypeHashZiplist: "hash-ziplist",
	TypeListQuicklist: "quicklist", TypeStream: "stream", TypeHashListpack: "hash-listpack", TypeZSetListpack: "zset-listpack",
	TypeListQuicklist2: "quicklist-v2", TypeStream2: "stream-v2", TypeSetListpack: "set-listpack", TypeStream3: "stream-v3",
	TypeHashFieldsDraft: "hash-hashtable-md-pre-release", TypeHashListpackExDraft: "hash-listpack-md-pre-release",
	TypeHashFields: "hash-hashtable-md", TypeHashListpackEx: "hash-listpack-md",
}

// doing says what was being read in the words of the reference tool.
var doing = map[string]string{
	readingHeader: "start", readingRecord: "read-type", readingLength: "read-len", readingAux: "read-aux",
	readingFunction: "read-functions", readingModule: "read-module-aux", readingKey: "read-key",
	readingValue: "read-object-value", readingChecksum: "check-sum",
}

// Explain returns the lines of a report of an error of Check: the first belongs to its offset.
func Explain(err error) (offset int64, lines []string) {
	var f *FileError
	if !errors.As(err, &f) {
		return 0, []string{err.Error()}
	}
	what := ""
	switch {
	case errors.Is(f.Err, ErrShort):
		what = "Unexpected EOF reading RDB file"
	case errors.Is(f.Err, ErrMagic):
		what = "Wrong signature trying to load DB from file"
	case errors.Is(f.Err, ErrVersion):
		what = "Can't handle RDB format: " + f.Err.Error()
	case errors.Is(f.Err, ErrChecksum):
		what = "RDB CRC error: " + f.Err.Error()
	default:
		what = "Internal error in RDB reading: " + f.Err.Error()
		if c := (*CorruptError)(nil); errors.As(f.Err, &c) {
			what = "Internal error in RDB reading: " + c.What // the offset is told already
		}
	}
	lines = append(lines, what, "While doing: "+doing[f.What])
	if f.Key != "" {
		name := typeNames[f.Type]
		if name == "" {
			name = "unknown"
		}
		lines = append(lines, fmt.Sprintf("Reading key '%s'", f.Key), fmt.Sprintf("Reading type %d (%s)", f.Type, name))
	}
	return f.Offset, lines
}
