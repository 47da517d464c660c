//go:build linux

package pagecache

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"granary/tests/live"
)

const (
	size  = 40 << 20
	slack = 2 << 20 // what the kernel may have put aside on one of its processors, or given back by itself
)

// written returns a file of bytes, which are on the disk and in the page cache.
func written(t *testing.T) (f *os.File, content []byte) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	content = make([]byte, size)
	for i := range content {
		content[i] = byte(i * i >> 7)
	}
	if _, err := f.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	if n := live.PageCache(t, f.Name()); n < size-slack { // the kernel may give some back by itself
		t.Fatalf("%d bytes are in the page cache, not %d", n, size)
	}
	return f, content
}

func TestDrop(t *testing.T) {
	f, _ := written(t)
	Drop(f, size/2)
	if n := live.PageCache(t, f.Name()); n < size/2-slack || n > size/2+slack {
		t.Errorf("%d bytes of %d are in the page cache, without the first half", n, size)
	}
	Drop(f, 0)
	if n := live.PageCache(t, f.Name()); n > slack {
		t.Errorf("%d bytes of %d are in the page cache", n, size)
	}
}

func TestReader(t *testing.T) {
	f, content := written(t)
	const start = 12345
	if _, err := f.Seek(start, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	Drop(f, 0)
	r, got, most := NewReader(f), []byte(nil), int64(0)
	for b := make([]byte, 512<<10); ; {
		n, err := r.Read(b)
		got = append(got, b[:n]...)
		most = max(most, live.PageCache(t, f.Name()))
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(got, content[start:]) {
		t.Errorf("%d bytes were read, which are not the %d of the file", len(got), size-start)
	}
	if most > ahead+behind+slack {
		t.Errorf("%d bytes were in the page cache at a time", most)
	}
	if n := live.PageCache(t, f.Name()); n > slack {
		t.Errorf("%d bytes of %d are in the page cache in the end", n, size)
	}
}

// TestPipe reads what has no pages.
func TestPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := w.WriteString("all of it"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if b, err := io.ReadAll(NewReader(r)); string(b) != "all of it" || err != nil {
		t.Errorf("read %q, %v", b, err)
	}
	Drop(r, 0)
}
