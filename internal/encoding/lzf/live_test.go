package lzf

import (
	"encoding/binary"
	"fmt"
	"hash/crc64"
	"math/rand/v2"
	"testing"

	"granary/tests/live"
)

// redisCRC is the checksum of RDB files and DUMP payloads: CRC-64 of Jones, without the inversions that hash/crc64 makes.
func redisCRC(b []byte) uint64 {
	return ^crc64.Update(^uint64(0), crc64.MakeTable(0x95ac9329ac4bc9b5), b)
}

func TestRedisCRC(t *testing.T) {
	if got := redisCRC([]byte("123456789")); got != 0xe9c6d914c4b8d9ca {
		t.Errorf("%#x", got)
	}
}

// appendLength appends a length as RDB writes it.
func appendLength(dst []byte, n int) []byte {
	switch {
	case n < 1<<6:
		return append(dst, byte(n))
	case n < 1<<14:
		return append(dst, byte(1<<6|n>>8), byte(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, 0x80), uint32(n))
}

// takeLength reads a length.
func takeLength(b []byte) (int, []byte, error) {
	switch {
	case len(b) > 0 && b[0]>>6 == 0:
		return int(b[0]), b[1:], nil
	case len(b) > 1 && b[0]>>6 == 1:
		return int(b[0]&63)<<8 | int(b[1]), b[2:], nil
	case len(b) > 4 && b[0] == 0x80:
		return int(binary.BigEndian.Uint32(b[1:])), b[5:], nil
	}
	return 0, nil, fmt.Errorf("no length: %x", b[:min(len(b), 9)])
}

const lzfString = 0xc3 // marks a compressed string

// TestLive: what a real server compresses is decompressed here, and what is compressed here is restored there.
func TestLive(t *testing.T) {
	s := live.NeedStart(t, "redis", live.NeedRedis(t), "--save", "")
	conn, err := s.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	do := func(args ...string) live.Reply {
		t.Helper()
		r, err := conn.Do(args...)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	c := new(Compressor)
	theirs, ours := 0, 0
	for name, src := range samples(rand.New(rand.NewPCG(*seedFlag, 2))) {
		do("SET", "k", string(src))
		dump := []byte(do("DUMP", "k").Str)
		if len(dump) < 11 {
			t.Fatalf("%s: DUMP answers %x", name, dump)
		}
		footer := dump[len(dump)-10:]
		if got := binary.LittleEndian.Uint64(footer[2:]); got != redisCRC(dump[:len(dump)-8]) {
			t.Fatalf("%s: checksum %#x", name, got)
		}
		if dump[1] == lzfString {
			theirs++
			packed, rest, err := takeLength(dump[2 : len(dump)-10])
			if err != nil {
				t.Fatal(err)
			}
			n, rest, err := takeLength(rest)
			if err != nil || packed != len(rest) || n != len(src) {
				t.Fatalf("%s: %d bytes packed in %d (%d left): %v", name, n, packed, len(rest), err)
			}
			got := make([]byte, n)
			if err := Decompress(got, rest); err != nil || string(got) != string(src) {
				t.Errorf("%s: cannot decompress what the server compressed: %v", name, err)
			}
		}

		dst := make([]byte, longest(len(src)))
		n := c.Compress(dst, src)
		if n == 0 {
			continue
		}
		ours++
		payload := appendLength(appendLength([]byte{0, lzfString}, n), len(src))
		payload = append(append(payload, dst[:n]...), footer[:2]...)
		payload = binary.LittleEndian.AppendUint64(payload, redisCRC(payload))
		if r := do("RESTORE", "r", "0", string(payload), "REPLACE"); r.Str != "OK" {
			t.Errorf("%s: RESTORE of what was compressed here: %s", name, r)
		} else if got := do("GET", "r").Str; got != string(src) {
			t.Errorf("%s: the server decompresses to %d bytes that differ", name, len(got))
		}
	}
	t.Logf("%d blocks compressed there, %d here", theirs, ours)
	if theirs < 300 || ours < 500 {
		t.Errorf("too few blocks: %d and %d", theirs, ours)
	}
}
