package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"granary/internal/persist/rdb"
)

// smallFile is a snapshot with two keys, of which one has expired, without its checksum.
func smallFile(t *testing.T) []byte {
	t.Helper()
	var out []byte
	block := make([]byte, 0, 4096)
	w := rdb.NewEncoder(rdb.Block{Bytes: block}, func(b rdb.Block, _ int) rdb.Block {
		out = append(out, b.Bytes...)
		return rdb.Block{Bytes: block[:0], Marks: b.Marks[:0]}
	})
	f := rdb.BeginFile(w, rdb.Version)
	f.Aux("redis-ver", "7.4.0")
	f.Select(3)
	f.Byte(252) // an expiry, in ms
	f.Uint64(uint64(time.Now().Add(-time.Hour).UnixMilli()))
	for _, key := range []string{"k1", "k2"} {
		f.Byte(byte(rdb.TypeString))
		f.String([]byte(key))
		f.String([]byte("value"))
	}
	f.End()
	return append(out, w.Rest().Bytes...)
}

// summed adds the checksum.
func summed(b []byte) []byte { return append(bytes.Clone(b), rdb.Trailer(rdb.CRC(0, b))...) }

func TestCheckRDB(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.rdb")
	run := func(args ...string) (int, string) {
		var out, errs bytes.Buffer
		code := runCheckRDB(args, &out, &errs, nil)
		return code, out.String() + errs.String()
	}
	check := func(content []byte, code int, want ...string) {
		t.Helper()
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		got, text := run(path)
		if got != code {
			t.Errorf("code %d, want %d:\n%s", got, code, text)
		}
		for _, w := range want {
			if !strings.Contains(text, w+"\n") {
				t.Errorf("no %q in\n%s", w, text)
			}
		}
	}
	body := smallFile(t)
	good := summed(body)
	const ok, fault = `\o/ RDB looks OK! \o/`, "--- RDB ERROR DETECTED ---"
	check(good, 0, "[offset 0] Checking RDB file "+path, "[offset 26] AUX FIELD redis-ver = '7.4.0'", "[offset 28] Selecting DB ID 3",
		"[offset 66] Checksum OK", "[offset 66] "+ok, "[info] 2 keys read", "[info] 1 expires", "[info] 1 already expired")
	check(append(bytes.Clone(body), make([]byte, 8)...), 0, "[offset 66] RDB file was saved with checksum disabled: no check performed.", "[offset 66] "+ok)
	check(append(bytes.Clone(good), "*1\r\n$4\r\nPING\r\n"...), 0, "[offset 66] "+ok)
	check(append(bytes.Clone(good), "rest"...), 1, fault, "[offset 66] 4 bytes behind its end")
	check(good[:len(good)-1], 1, fault, "[offset 58] Unexpected EOF reading RDB file", "[additional info] While doing: check-sum", "[info] 2 keys read")
	check(good[:53], 1, fault, "[additional info] While doing: read-object-value", "[additional info] Reading key 'k2'", "[additional info] Reading type 0 (string)")
	check(good[:20], 1, "[additional info] While doing: read-aux")
	check(nil, 1, "[offset 0] Unexpected EOF reading RDB file", "[additional info] While doing: start", "[info] 0 keys read")
	check([]byte("some other file"), 1, "[offset 9] Wrong signature trying to load DB from file")
	check([]byte("REDIS9999"), 1, "[offset 9] Can't handle RDB format: version that is not known: 9999")
	flipped := bytes.Clone(good)
	flipped[len(flipped)-12] ^= 4
	if code, text := func() (int, string) { check(flipped, 1, fault); return run(path) }(); code != 1 || !strings.Contains(text, "RDB CRC error") {
		t.Errorf("a flipped bit: %d\n%s", code, text)
	}
	unknown := bytes.Clone(body)
	unknown[37] = 99
	check(summed(unknown), 1, "[additional info] Reading type 99 (unknown)")
	if code, text := run(); code != 1 || !strings.Contains(text, "Usage: granary check-rdb") {
		t.Errorf("without a file: %d %s", code, text)
	}
	if code, text := run(path + "x"); code != 1 || !strings.Contains(text, "no such file") {
		t.Errorf("a file that is not there: %d %s", code, text)
	}
}

// TestProgress checks that the bar is shown for what takes long, and taken away.
func TestProgress(t *testing.T) {
	var out bytes.Buffer
	p := progressBar{out: &out, size: 1000, what: "keys"}
	for i := range int64(256) {
		p.show(i, i)
	}
	p.clear()
	if got, want := out.String(), "\r["+strings.Repeat("#", 10)+strings.Repeat(".", 30)+"]  25%  255 keys\r\x1b[K"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
