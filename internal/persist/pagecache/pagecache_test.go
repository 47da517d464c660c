//go:build linux

package pagecache

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"unsafe"
)

const size = 40 << 20

// written returns a file of random-looking bytes, which are on the disk and in the page cache.
func written(t *testing.T) (f *os.File, content []byte) {
	t.Helper()
	dir := t.TempDir()
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	if st.Type == 0x01021994 {
		t.Skip("tmpfs keeps files nowhere but in the page cache")
	}
	f, err := os.Create(filepath.Join(dir, "f"))
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
	if n := resident(t, f); n != size {
		t.Fatalf("%d bytes are in the page cache, not %d", n, size)
	}
	return f, content
}

// resident returns how many bytes of a file are in the page cache.
func resident(t *testing.T, f *os.File) (n int) {
	t.Helper()
	b, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Munmap(b)
	page := os.Getpagesize()
	in := make([]byte, size/page)
	if _, _, e := syscall.Syscall(syscall.SYS_MINCORE, uintptr(unsafe.Pointer(&b[0])), size, uintptr(unsafe.Pointer(&in[0]))); e != 0 {
		t.Fatal(e)
	}
	for _, x := range in {
		n += int(x&1) * page
	}
	return n
}

func TestDrop(t *testing.T) {
	f, _ := written(t)
	Drop(f, size/2)
	if n := resident(t, f); n < size/2 || n > size/2+window/4 {
		t.Errorf("%d bytes of %d are in the page cache, without the first half", n, size)
	}
	Drop(f, 0)
	if n := resident(t, f); n > window/4 {
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
	r, got, most := NewReader(f), []byte(nil), 0
	for b := make([]byte, 64<<10); ; {
		n, err := r.Read(b)
		got = append(got, b[:n]...)
		most = max(most, resident(t, f))
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
	if most > 3*window {
		t.Errorf("%d bytes were in the page cache at a time", most)
	}
	if n := resident(t, f); n > window/4 {
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
