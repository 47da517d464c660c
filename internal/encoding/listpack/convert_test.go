package listpack

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// ziplistOf encodes texts as a ziplist.
func ziplistOf(all []string) []byte {
	b := make([]byte, ziplistHeader)
	tail, prev := ziplistHeader, 0
	for _, s := range all {
		tail = len(b)
		if prev < 254 {
			b = append(b, byte(prev))
		} else {
			b = binary.LittleEndian.AppendUint32(append(b, 254), uint32(prev))
		}
		n, err := strconv.ParseInt(s, 10, 64)
		switch l := len(s); {
		case err == nil && strconv.FormatInt(n, 10) == s:
			b = appendZiplistInt(b, n)
		case l < 64:
			b = append(append(b, byte(l)), s...)
		case l < 16384:
			b = append(append(b, 0x40|byte(l>>8), byte(l)), s...)
		default:
			b = append(binary.BigEndian.AppendUint32(append(b, 0x80), uint32(l)), s...)
		}
		prev = len(b) - tail
	}
	b = append(b, 0xFF)
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	binary.LittleEndian.PutUint32(b[4:], uint32(tail))
	binary.LittleEndian.PutUint16(b[8:], uint16(min(len(all), 65535)))
	return b
}

func appendZiplistInt(b []byte, n int64) []byte {
	enc, width := byte(0xE0), 8
	switch {
	case n >= 0 && n <= 12:
		enc, width = 0xF1+byte(n), 0
	case n == int64(int8(n)):
		enc, width = 0xFE, 1
	case n == int64(int16(n)):
		enc, width = 0xC0, 2
	case n >= -1<<23 && n < 1<<23:
		enc, width = 0xF0, 3
	case n == int64(int32(n)):
		enc, width = 0xD0, 4
	}
	b = append(b, enc)
	for i := range width {
		b = append(b, byte(n>>(8*i)))
	}
	return b
}

// zipmapOf encodes texts as a zipmap, some values with unused bytes behind them; the last of an odd number is left out.
func zipmapOf(all []string) []byte {
	pairs := len(all) / 2
	b := []byte{byte(min(pairs, 254))}
	for i, s := range all[:pairs*2] {
		if len(s) < 254 {
			b = append(b, byte(len(s)))
		} else {
			b = binary.LittleEndian.AppendUint32(append(b, 254), uint32(len(s)))
		}
		if i%2 == 1 {
			b = append(append(append(b, byte(i%5)), s...), "\xff\x00\xff\xfe"[:i%5]...)
		} else {
			b = append(b, s...)
		}
	}
	return append(b, 0xFF)
}

func TestZiplist(t *testing.T) {
	is := func(all ...string) {
		t.Helper()
		lp := convert(t, ziplistOf(all), ZiplistSize, FromZiplist)
		if lp == nil {
			t.Fatalf("%.80q is refused", all)
		}
		verify(t, lp, all)
	}
	is()
	is("a")
	is("0", "12", "13", "-1", "127", "128", "-128", "-129", "32767", "32768", "-32768", "-32769", "8388607", "8388608", "-8388608",
		"-8388609", "2147483647", "2147483648", "-2147483648", "-2147483649", "9223372036854775807", "-9223372036854775808")
	is("", strings.Repeat("a", 63), strings.Repeat("b", 64), strings.Repeat("c", 251), strings.Repeat("d", 252), "x",
		strings.Repeat("e", 16383), strings.Repeat("f", 16384), "y", strings.Repeat("g", 70000))
	is(slices.Repeat([]string{"1"}, 65534)...)
	is(slices.Repeat([]string{"1"}, 65535)...)
	is(slices.Repeat([]string{"1"}, 70000)...)
	r := newRand(t)
	for range 300 {
		var all []string
		for range r.IntN(40) {
			all = append(all, randomText(r))
		}
		is(all...)
	}
}

// TestZiplistBytes has ziplists written by hand, one with the form of small integers that the oldest versions used.
func TestZiplistBytes(t *testing.T) {
	verify(t, convert(t, []byte("\x19\x00\x00\x00\x11\x00\x00\x00\x03\x00\x00\x01a\x03\xc0\x00\x04\x04\x05hello\xff"), ZiplistSize, FromZiplist),
		[]string{"a", "1024", "hello"})
	verify(t, convert(t, []byte("\x0e\x00\x00\x00\x0a\x00\x00\x00\x01\x00\x00\x015\xff"), ZiplistSize, FromZiplist), []string{"5"})
}

func TestZiplistRefused(t *testing.T) {
	good := func() []byte { return ziplistOf([]string{"ab", "300", strings.Repeat("x", 300), "70000"}) }
	is := func(want string, b []byte) {
		t.Helper()
		if _, err := ZiplistSize(outside(b)); err == nil || err.Error() != "corrupt ziplist: "+want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	spoil := func(i int, v byte) []byte {
		b := good()
		b[i] = v
		return b
	}
	// 10: "ab", 4 bytes; 14: 300, 4 bytes; 18: the long string, 303 bytes; 321: 70000, 5+1+3 bytes; 330: the end
	is("too short at byte 10", good()[:10])
	is("total is not the size at byte 0", spoil(3, 1))
	is("no end mark at byte 330", spoil(330, 0))
	is("tail is not the last entry at byte 4", spoil(4, 18))
	is("count is 5 of 4 entries at byte 8", spoil(8, 5))
	is("size of the previous entry is wrong at byte 10", spoil(10, 1))
	is("size of the previous entry is wrong at byte 14", spoil(14, 5))
	is("size of the previous entry is wrong at byte 321", spoil(323, 0))
	is("end mark among the entries at byte 14", spoil(14, 255))
	is("no encoding 0xc1 at byte 14", spoil(15, 0xC1))
	is("no encoding 0xff at byte 14", spoil(15, 0xFF))
	is("entry passes the end at byte 18", spoil(19, 0x7F))
	is("entry passes the end at byte 18", spoil(19, 0x80))
	is("entry passes the end at byte 321", spoil(326, 0xE0))
	is("entry passes the end at byte 10", []byte("\x0c\x00\x00\x00\x0a\x00\x00\x00\x01\x00\x00\xff"))
	is("entry passes the end at byte 10", []byte("\x0d\x00\x00\x00\x0a\x00\x00\x00\x01\x00\x00\x40\xff"))
	is("entry passes the end at byte 10", []byte("\x0d\x00\x00\x00\x0a\x00\x00\x00\x01\x00\x00\x80\xff"))
	is("entry passes the end at byte 10", []byte("\x0d\x00\x00\x00\x0a\x00\x00\x00\x01\x00\xfe\x00\xff"))
}

func TestZipmap(t *testing.T) {
	is := func(all ...string) {
		t.Helper()
		lp := convert(t, zipmapOf(all), ZipmapSize, FromZipmap)
		if lp == nil {
			t.Fatalf("%.80q is refused", all)
		}
		verify(t, lp, all[:len(all)/2*2])
	}
	is()
	is("foo", "bar", "hello", "world")
	is("", "", "1", "-5", strings.Repeat("a", 253), strings.Repeat("b", 254), strings.Repeat("c", 70000), "d")
	is(slices.Repeat([]string{"f", "1"}, 253)...)
	is(slices.Repeat([]string{"f", "1"}, 254)...)
	is(slices.Repeat([]string{"f", "1"}, 300)...)
	r := newRand(t)
	for range 300 {
		var all []string
		for range r.IntN(40) {
			all = append(all, randomText(r))
		}
		is(all...)
	}
	// The example that the format is known by.
	verify(t, convert(t, []byte("\x02\x03foo\x03\x00bar\x05hello\x05\x00world\xff"), ZipmapSize, FromZipmap), []string{"foo", "bar", "hello", "world"})
}

func TestZipmapRefused(t *testing.T) {
	is := func(want, in string) {
		t.Helper()
		if _, err := ZipmapSize(outside([]byte(in))); err == nil || err.Error() != "corrupt zipmap: "+want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	is("too short at byte 1", "\xff")
	is("no end mark at byte 1", "\x00\x00")
	is("count is 1 of 0 pairs at byte 0", "\x01\xff")
	is("count is 2 of 1 pairs at byte 0", "\x02\x01a\x01\x00b\xff")
	is("end mark in a pair at byte 3", "\x01\x01a\xff")
	is("end mark in a pair at byte 1", "\x01\xff\xff")
	is("length passes the end at byte 1", "\x01\xfe\x01\x00\xff")
	is("length passes the end at byte 3", "\x01\x01a\x00\xff")
	is("length passes the end at byte 3", "\x01\x01a\xfe\x00\x00\x00\x00\xff")
	is("text passes the end at byte 1", "\x01\x02a\xff")
	is("text passes the end at byte 3", "\x01\x01a\x01\x01b\xff")
	is("text passes the end at byte 1", "\x01\xfe\xff\xff\xff\xffa\xff")
}

func TestLittleEndian(t *testing.T) {
	is := func(want int64, b ...byte) {
		t.Helper()
		if got := littleEndian(b); got != want {
			t.Errorf("% x: got %d, want %d", b, got, want)
		}
	}
	is(-1, 0xFF)
	is(-2, 0xFE, 0xFF)
	is(math.MaxInt16, 0xFF, 0x7F)
	is(-1<<23, 0, 0, 0x80)
	is(math.MinInt64, 0, 0, 0, 0, 0, 0, 0, 0x80)
}

func FuzzZiplist(f *testing.F) {
	f.Add(ziplistOf([]string{"ab", "300", strings.Repeat("x", 300), "70000", "5", "-5"}))
	f.Add(ziplistOf(nil))
	f.Fuzz(func(t *testing.T, b []byte) { convert(t, b, ZiplistSize, FromZiplist) })
}

func FuzzZipmap(f *testing.F) {
	f.Add(zipmapOf([]string{"ab", "300", strings.Repeat("x", 300), "70000", "5", "-5"}))
	f.Add(zipmapOf(nil))
	f.Fuzz(func(t *testing.T, b []byte) { convert(t, b, ZipmapSize, FromZipmap) })
}
