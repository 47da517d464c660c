package live

import (
	"encoding/binary"
	"fmt"
	"hash/crc64"
)

// What DUMP answers and RESTORE takes: a type byte, the value as in an RDB file, the RDB version (2 bytes) and the
// CRC-64 of all before it. Values here are made of raw strings; switch compression off in the server that dumps.

// dumpVersion is the version of payloads made here: readable by Redis 7.0 and later.
const dumpVersion = 10

var dumpTable = crc64.MakeTable(0x95ac9329ac4bc9b5) // Jones, reflected

// dumpSum is the CRC-64 of RDB files, which begins with 0 and does not negate.
func dumpSum(b string) uint64 { return ^crc64.Update(^uint64(0), dumpTable, []byte(b)) }

// MakeDump makes the payload of a value.
func MakeDump(kind byte, value string) string {
	b := string(kind) + value + string([]byte{dumpVersion, 0})
	return string(binary.LittleEndian.AppendUint64([]byte(b), dumpSum(b)))
}

// SplitDump checks a payload and returns its type and its value.
func SplitDump(payload string) (kind byte, value string, err error) {
	n := len(payload) - 8
	if n < 3 {
		return 0, "", fmt.Errorf("payload of %d bytes", len(payload))
	}
	if sum := binary.LittleEndian.Uint64([]byte(payload[n:])); sum != dumpSum(payload[:n]) {
		return 0, "", fmt.Errorf("checksum %016x of a payload with %016x", sum, dumpSum(payload[:n]))
	}
	return payload[0], payload[1 : n-2], nil
}

// DumpString returns a raw string as it stands in a value.
func DumpString(s string) string {
	switch n := len(s); {
	case n < 1<<6:
		return string([]byte{byte(n)}) + s
	case n < 1<<14:
		return string([]byte{0x40 | byte(n>>8), byte(n)}) + s
	default:
		return string(binary.BigEndian.AppendUint32([]byte{0x80}, uint32(n))) + s
	}
}

// CutDumpLen reads a length off the front of a value.
func CutDumpLen(value string) (n int, rest string, err error) {
	if value == "" {
		return 0, "", fmt.Errorf("no length")
	}
	b := value[0]
	switch {
	case b < 0x40:
		return int(b), value[1:], nil
	case b < 0x80 && len(value) >= 2:
		return int(b&0x3F)<<8 | int(value[1]), value[2:], nil
	case b == 0x80 && len(value) >= 5:
		return int(binary.BigEndian.Uint32([]byte(value[1:5]))), value[5:], nil
	}
	return 0, value, fmt.Errorf("length 0x%02x: compressed or of another form", b)
}

// CutDumpString reads a raw string off the front of a value.
func CutDumpString(value string) (s, rest string, err error) {
	n, rest, err := CutDumpLen(value)
	if err == nil && n > len(rest) {
		err = fmt.Errorf("string of %d bytes in %d", n, len(rest))
	}
	if err != nil {
		return "", value, err
	}
	return rest[:n], rest[n:], nil
}
