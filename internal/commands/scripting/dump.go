package scripting

import (
	"encoding/binary"
	"errors"
	"hash/crc64"

	"granary/internal/command"
	"granary/internal/encoding/lzf"
)

// FUNCTION DUMP is a piece of an RDB file:
//
//	for each library   opcode 245, its source as a string
//	footer             version of the format, 2 bytes; CRC-64 of all before it, 8 bytes; little endian
//
// A string is a length and the bytes, or compressed: C3, the lengths of the compressed and of the whole string, the bytes.
// A length has two bits that say how it goes on: 00 6 bits, 01 14 bits, 10 and 80 32 bits, 10 and 81 64 bits, big endian.

const (
	opFunction    = 245
	opPreFunction = 246 // of release candidates of Redis 7.0

	// dumpVersion is that of Redis 7.0, so that all versions that know functions can read it.
	dumpVersion = 10
	// maxDumpVersion is that of Redis 7.4.
	maxDumpVersion = 12
	footerSize     = 10

	compressMin = 21 // bytes; shorter strings are not compressed
)

// crcTable is the polynomial of Jones.
var crcTable = crc64.MakeTable(0x95ac9329ac4bc9b5)

// checksum is the CRC-64 of RDB files, which is made without the inversions of hash/crc64.
func checksum(b []byte) uint64 { return ^crc64.Update(^uint64(0), crcTable, b) }

// appendLength appends a length.
func appendLength(dst []byte, n int) []byte {
	switch {
	case n < 1<<6:
		return append(dst, byte(n))
	case n < 1<<14:
		return append(dst, 0x40|byte(n>>8), byte(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(dst, 0x80), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, 0x81), uint64(n))
}

// appendString appends a string, compressed if that makes it shorter.
func appendString(dst, s []byte) []byte {
	if len(s) >= compressMin {
		var c lzf.Compressor
		buf := make([]byte, len(s)-4)
		if n := c.Compress(buf, s); n > 0 {
			dst = appendLength(append(dst, 0xc3), n)
			dst = appendLength(dst, len(s))
			return append(dst, buf[:n]...)
		}
	}
	return append(appendLength(dst, len(s)), s...)
}

// cmdFunctionDump answers FUNCTION DUMP.
func cmdFunctionDump(c *command.Ctx) {
	var b []byte
	for _, lib := range engineOf(c.Env).libs.sorted() {
		b = appendString(append(b, opFunction), lib.source.bytes())
	}
	b = binary.LittleEndian.AppendUint16(b, dumpVersion)
	c.Out.Bulk(binary.LittleEndian.AppendUint64(b, checksum(b)))
}

var errPayload = errors.New("failed loading the given functions payload")

// takeLength reads a length. encoded says that it is the number of an encoding.
func takeLength(b []byte) (n int, encoded bool, rest []byte, err error) {
	if len(b) == 0 {
		return 0, false, nil, errPayload
	}
	var v uint64
	switch h := b[0]; {
	case h < 0x40:
		return int(h), false, b[1:], nil
	case h < 0x80 && len(b) >= 2:
		return int(h&0x3f)<<8 | int(b[1]), false, b[2:], nil
	case h == 0x80 && len(b) >= 5:
		v, b = uint64(binary.BigEndian.Uint32(b[1:])), b[5:]
	case h == 0x81 && len(b) >= 9:
		v, b = binary.BigEndian.Uint64(b[1:]), b[9:]
	case h >= 0xc0:
		return int(h & 0x3f), true, b[1:], nil
	default:
		return 0, false, nil, errPayload
	}
	if v > 1<<40 {
		return 0, false, nil, errPayload
	}
	return int(v), false, b, nil
}

// takeString reads a string.
func takeString(b []byte) (s, rest []byte, err error) {
	n, encoded, b, err := takeLength(b)
	if err != nil {
		return nil, nil, err
	}
	if !encoded {
		if n > len(b) {
			return nil, nil, errPayload
		}
		return b[:n], b[n:], nil
	}
	const compressed = 3
	if n != compressed {
		return nil, nil, errPayload // an integer is no source
	}
	short, enc1, b, err := takeLength(b)
	if err != nil {
		return nil, nil, err
	}
	long, enc2, b, err := takeLength(b)
	// LZF makes at most 264 bytes of 3, so what claims more is not worth the memory.
	if err != nil || enc1 || enc2 || short > len(b) || long > 264*(short+1) {
		return nil, nil, errPayload
	}
	s = make([]byte, long)
	if lzf.Decompress(s, b[:short]) != nil {
		return nil, nil, errPayload
	}
	return s, b[short:], nil
}

// sources reads the libraries of a payload. It returns the text of an error.
func sources(payload []byte) (list [][]byte, failure string) {
	body := len(payload) - footerSize
	if body < 0 {
		return nil, "ERR DUMP payload version or checksum are wrong"
	}
	version := binary.LittleEndian.Uint16(payload[body:])
	sum := binary.LittleEndian.Uint64(payload[body+2:])
	if version > maxDumpVersion || sum != checksum(payload[:body+2]) {
		return nil, "ERR DUMP payload version or checksum are wrong"
	}
	for b := payload[:body]; len(b) > 0; {
		switch b[0] {
		case opFunction:
		case opPreFunction:
			return nil, "ERR Pre-GA function format not supported"
		default:
			return nil, "ERR given type is not a function"
		}
		s, rest, err := takeString(b[1:])
		if err != nil {
			return nil, "ERR " + err.Error()
		}
		list = append(list, s)
		b = rest
	}
	return list, ""
}

// cmdFunctionRestore answers FUNCTION RESTORE payload [FLUSH | APPEND | REPLACE]: all libraries of the payload, or none.
func cmdFunctionRestore(c *command.Ctx) {
	var flush, replace bool
	if len(c.Args) > 4 {
		c.WrongSubArity()
		return
	}
	if len(c.Args) == 4 {
		switch a := c.Args[3]; {
		case command.Is(a, "append"):
		case command.Is(a, "replace"):
			replace = true
		case command.Is(a, "flush"):
			flush = true
		default:
			c.Out.Error("ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.")
			return
		}
	}
	list, failure := sources(c.Args[2])
	if failure == "" {
		failure = engineOf(c.Env).libs.restore(c, list, flush, replace)
	}
	if failure != "" {
		c.Out.Error(failure)
		return
	}
	changed(c)
	c.Out.OK()
}

// restore makes all libraries of the list callable, or answers why none is.
func (l *libraries) restore(c *command.Ctx, list [][]byte, flush, replace bool) (failure string) {
	fresh := libraries{engine: l.engine}
	linked := false
	defer func() {
		if !linked { // an error, or there is no memory
			for _, lib := range fresh.by {
				l.free(lib)
			}
		}
	}()
	for _, source := range list {
		var lib *library
		if lib, failure = l.build(c, source); failure != "" {
			break
		}
		switch f := fresh.clash(lib, nil); {
		case fresh.by[lib.name] != nil:
			failure = "ERR Library '" + lib.name + "' already exists"
		case f != "":
			failure = "ERR Function " + f + " already exists"
		}
		if failure != "" {
			l.free(lib)
			break
		}
		fresh.link(lib)
	}
	var old []*library
	if failure == "" && !flush {
		old, failure = l.inTheWay(&fresh, replace)
	}
	if failure != "" {
		return failure
	}
	if flush {
		old = l.sorted()
	}
	for _, lib := range old {
		l.unlink(lib)
		l.free(lib)
	}
	for _, lib := range fresh.by {
		l.link(lib)
	}
	linked = true
	return ""
}

// inTheWay returns the libraries that fresh ones replace, or the text of the error if they may not.
func (l *libraries) inTheWay(fresh *libraries, replace bool) (old []*library, failure string) {
	for _, lib := range fresh.sorted() {
		if at := l.by[lib.name]; at != nil {
			if !replace {
				return nil, "ERR Library " + lib.name + " already exists"
			}
			old = append(old, at)
		}
	}
	for _, lib := range fresh.sorted() {
		for _, f := range lib.functions {
			at, ok := l.functions[fold(f.Name)]
			if ok && fresh.by[at.lib.name] == nil {
				return nil, "ERR Function " + f.Name + " already exists"
			}
		}
	}
	return old, ""
}
