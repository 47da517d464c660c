package crash

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"unsafe"
)

// watch tells of names that are made, changed and removed in a directory of a real file system and in its appendonlydir, which it
// makes. stop ends it.
func watch(dir string, tell func(name string)) (stop func(), err error) {
	fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC | syscall.IN_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("inotify: %w", err)
	}
	f := os.NewFile(uintptr(fd), "inotify") // so that closing it ends reading
	sub := filepath.Join(dir, "appendonlydir")
	if err := os.Mkdir(sub, 0o755); err != nil {
		f.Close()
		return nil, err
	}
	for _, d := range []string{dir, sub} {
		if _, err := syscall.InotifyAddWatch(fd, d, syscall.IN_CREATE|syscall.IN_MOVED_TO|syscall.IN_DELETE); err != nil {
			f.Close()
			return nil, fmt.Errorf("watching %s: %w", d, err)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 64<<10)
		for {
			n, err := f.Read(b)
			if err != nil {
				return
			}
			for rest := b[:n]; len(rest) >= syscall.SizeofInotifyEvent; {
				e := (*syscall.InotifyEvent)(unsafe.Pointer(&rest[0]))
				size := syscall.SizeofInotifyEvent + int(e.Len)
				name, _, _ := bytes.Cut(rest[syscall.SizeofInotifyEvent:size], []byte{0})
				tell(string(name))
				rest = rest[size:]
			}
		}
	}()
	return func() { f.Close(); <-done }, nil
}
