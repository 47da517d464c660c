package rdb

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"granary/internal/mem"
	"granary/internal/object"
)

// Opcodes of records other than keys.
const (
	opSlotInfo  = 244
	opFunction2 = 245
	opFunction  = 246 // before 7.0 was released
	opModuleAux = 247
	opIdle      = 248
	opFreq      = 249
	opAux       = 250
	opResizeDB  = 251
	opExpireMs  = 252
	opExpire    = 253
	opSelectDB  = 254
	opEOF       = 255
)

const (
	magicRedis  = "REDIS"
	magicValkey = "VALKEY"
	headerLen   = 9 // magic and version
)

// Clock says which access clock of keys is written: what maxmemory-policy is about.
type Clock uint8

// The clocks.
const (
	ClockNone Clock = iota
	ClockIdle
	ClockFrequency
)

// File writes the records of a file. Its Encoder's blocks have to be put behind each other, compressed or not, and End adds
// the checksum of all of them.
type File struct {
	*Encoder
	Clock Clock
	db    int // of the last record
}

// BeginFile writes the header of a file of a version.
func BeginFile(w *Encoder, version int) *File {
	w.Version = version
	w.Raw(fmt.Appendf(nil, "%s%04d", magicRedis, version))
	return &File{Encoder: w, db: -1}
}

// Append makes a File that goes on where another left off, with blocks of its own: the database is told anew.
func Append(w *Encoder, clock Clock) *File { return &File{Encoder: w, Clock: clock, db: -1} }

// Elsewhere tells that others have written behind what the File wrote: the database is told anew.
func (f *File) Elsewhere() { f.db = -1 }

// Aux writes an auxiliary field.
func (f *File) Aux(name, value string) {
	f.Byte(opAux)
	f.String([]byte(name))
	f.String([]byte(value))
}

// AuxInt writes one that is a number.
func (f *File) AuxInt(name string, n int64) { f.Aux(name, strconv.FormatInt(n, 10)) }

// Function writes the code of a library.
func (f *File) Function(code []byte) {
	f.Byte(opFunction2)
	f.Text(code)
}

// Select makes db the database of what follows.
func (f *File) Select(db int) {
	if f.db != db {
		f.db = db
		f.Byte(opSelectDB)
		f.Length(uint64(db))
	}
}

// Sizes writes how many keys a database has, and how many of them expire.
func (f *File) Sizes(db, keys, expires int) {
	f.Select(db)
	f.Byte(opResizeDB)
	f.Length(uint64(keys))
	f.Length(uint64(expires))
}

// Key writes what comes before a value: expiry, access clock (an idle time in seconds or a frequency), type and key.
func (f *File) Key(db int, e object.Entry, clock int64) {
	f.Select(db)
	if e.HasExpiry() {
		f.Byte(opExpireMs)
		f.Uint64(uint64(e.Expiry()))
	}
	switch f.Clock {
	case ClockIdle:
		f.Byte(opIdle)
		f.Length(uint64(clock))
	case ClockFrequency:
		f.Byte(opFreq)
		f.Byte(byte(clock))
	}
	t, _ := TypeOf(e)
	if t == TypeStream2 && f.tellsActive() {
		t = TypeStream3
	}
	f.Byte(byte(t))
	f.String(e.Key())
}

// End writes the end mark. What follows is the checksum (Trailer).
func (f *File) End() { f.Byte(opEOF) }

// Trailer returns the last eight bytes of a file: the checksum of all before, or 0 for none.
func Trailer(crc uint64) []byte { return binary.LittleEndian.AppendUint64(nil, crc) }

// Record is what comes before a value.
type Record struct {
	DB     int
	Key    []byte // valid until the next record
	Expiry int64  // Unix ms, 0: none
	Idle   int64  // s, -1: not told
	Freq   int    // -1: not told
	Type   Type
}

// Content is who takes what a file has.
type Content interface {
	// Aux takes an auxiliary field.
	Aux(name, value string)
	// Sizes takes the sizes of a database, before its keys.
	Sizes(db, keys, expires int)
	// Function takes the code of a library.
	Function(code []byte) error
	// Key takes a key. The value is r's, to be taken with Entry or not.
	Key(rec *Record, r *Reader) error
	// Empty takes a key that has a value without elements.
	Empty(rec *Record)
}

// Observer is Content that wants to know more than what there is to be loaded.
type Observer interface {
	// Select tells that what follows is of a database.
	Select(db int)
	// Summed tells that the checksum is right, or that there is none.
	Summed(there bool)
}

// FileError is an error of a file, with what was being read.
type FileError struct {
	Offset int64
	Key    string // that was being read, "": none
	Type   Type   // of its value
	What   string // it was, for a log: one of the constants
	Err    error
}

// What was being read.
const (
	readingHeader   = "header"
	readingRecord   = "record"
	readingLength   = "length"
	readingAux      = "auxiliary field"
	readingFunction = "function"
	readingModule   = "data of a module"
	readingKey      = "key"
	readingValue    = "value"
	readingChecksum = "checksum"
)

// Error says what is wrong, and where. It does not name the key, which may be secret, and as long as keys may be.
func (e *FileError) Error() string {
	return fmt.Sprintf("%s: %v (offset %d)", e.What, e.Err, e.Offset)
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// Errors of files as wholes.
var (
	ErrMagic    = fmt.Errorf("wrong signature")
	ErrVersion  = fmt.Errorf("version that is not known")
	ErrChecksum = fmt.Errorf("wrong checksum")
)

// fileReader is a file on its way.
type fileReader struct {
	*Reader
	to      Content
	version int
	rec     Record
	key     []byte
	doing   string
}

// ReadFile reads a whole file. It stops at the end mark, behind which there may be something else: the commands of an
// append-only file. An error is a *FileError.
func ReadFile(d *Decoder, a *mem.Arena, lim Limits, trust Trust, to Content) (version int, err error) {
	f := &fileReader{Reader: NewReader(d, a, lim), to: to, doing: readingHeader}
	defer f.Discard() // also when memory is out
	if err = f.header(trust); err == nil {
		err = f.records()
	}
	if err == nil && f.version >= 5 {
		f.doing = readingChecksum
		err = f.checksum(trust)
	}
	if err != nil {
		err = &FileError{f.Offset(), string(f.rec.Key), f.rec.Type, f.doing, err}
	}
	return f.version, err
}

func (f *fileReader) header(trust Trust) error {
	b := f.take(headerLen)
	if b == nil {
		return f.err
	}
	digits := b[len(magicRedis):]
	switch {
	case string(b[:len(magicRedis)]) == magicRedis:
	case string(b[:len(magicValkey)]) == magicValkey:
		digits = b[len(magicValkey):]
		f.Valkey = true
	default:
		return ErrMagic
	}
	n, err := strconv.Atoi(string(digits))
	if err != nil {
		return ErrMagic
	}
	f.version = n
	known := n >= 1 && n <= MaxVersion
	if f.Valkey {
		known = n >= ValkeyFirst && n <= ValkeyLast
	}
	if !known && !trust.Version || n < 1 {
		return fmt.Errorf("%w: %d", ErrVersion, n)
	}
	return nil
}

func (f *fileReader) forget() {
	f.rec.Expiry, f.rec.Idle, f.rec.Freq, f.rec.Key = 0, -1, -1, nil
}

func (f *fileReader) records() error {
	f.forget()
	observer, _ := f.to.(Observer)
	for f.err == nil {
		f.doing = readingRecord
		switch op := f.Byte(); op {
		case opEOF:
			return f.err
		case opExpireMs:
			f.rec.Expiry = int64(f.Uint64())
		case opExpire:
			f.rec.Expiry = int64(int32(f.Uint32())) * 1000
		case opIdle:
			f.rec.Idle = int64(f.Length())
		case opFreq:
			f.rec.Freq = int(f.Byte())
		case opSelectDB:
			f.doing = readingLength
			if n := f.Length(); n > 1<<31 {
				f.Corrupt("a database with a number that is none")
			} else {
				f.rec.DB = int(n)
			}
			if observer != nil && f.err == nil {
				observer.Select(f.rec.DB)
			}
		case opResizeDB:
			f.doing = readingLength
			most := uint64(f.Left() / 3) // a key is a type, a name and a value
			keys, expires := min(f.Length(), most), min(f.Length(), most)
			f.to.Sizes(f.rec.DB, int(keys), int(expires))
		case opSlotInfo:
			f.Length()
			f.Length()
			f.Length()
		case opAux:
			f.doing = readingAux
			name := string(f.String())
			if value := string(f.String()); f.err == nil {
				f.to.Aux(name, value)
			}
		case opFunction2:
			f.doing = readingFunction
			if code := f.String(); f.err == nil {
				if err := f.to.Function(code); err != nil {
					return err
				}
			}
		case opFunction:
			return fmt.Errorf("functions of a release candidate are not supported")
		case opModuleAux:
			f.doing = readingModule
			f.skipModule()
		default:
			if err := f.value(Type(op)); err != nil {
				return err
			}
		}
	}
	return f.err
}

// value reads a key and its value.
func (f *fileReader) value(t Type) error {
	f.doing = readingKey
	f.key = append(f.key[:0], f.String()...)
	if f.err != nil {
		return f.err
	}
	f.rec.Key, f.rec.Type = f.key, t
	f.doing = readingValue
	switch err := f.Value(t); err {
	case nil:
		if err := f.to.Key(&f.rec, f.Reader); err != nil {
			return err
		}
		f.Discard()
	case ErrEmpty:
		f.to.Empty(&f.rec)
	default:
		return err
	}
	f.forget()
	return nil
}

// Opcodes inside of a module's data.
const (
	moduleEOF    = 0
	moduleSInt   = 1
	moduleUInt   = 2
	moduleFloat  = 3
	moduleDouble = 4
	moduleString = 5
)

// skipModule passes over what a module keeps beside its keys.
func (f *fileReader) skipModule() {
	f.Length() // the module
	for f.err == nil {
		switch f.Length() {
		case moduleEOF:
			return
		case moduleSInt, moduleUInt:
			f.Length()
		case moduleFloat:
			f.Uint32()
		case moduleDouble:
			f.Uint64()
		case moduleString:
			f.String()
		default:
			f.Corrupt("unknown data of a module")
		}
	}
}

// checksum compares what follows the end mark with what was read.
func (f *fileReader) checksum(trust Trust) error {
	want := f.Checksum()
	f.rec.Key = nil
	got := f.Uint64()
	if f.err != nil {
		return f.err
	}
	if got != 0 && got != want && !trust.Checksum {
		return fmt.Errorf("%w: %016x, and the file says %016x", ErrChecksum, want, got)
	}
	if o, ok := f.to.(Observer); ok {
		o.Summed(got != 0)
	}
	return nil
}
