// Package pagecache keeps files from staying in the kernel's page cache when nobody is going to read them soon: what was
// written, once it is on the disk, and what was read to be loaded. The page cache counts for the memory limit of a
// container, new pages for it cost more than those that come back, and what is pushed out of it for a file that nobody
// reads is something that somebody does read.
//
// All of it is advice (fadvise64(2)): where the kernel does not take any, or keeps files nowhere else (tmpfs), nothing
// happens.
package pagecache

import (
	"io"
	"os"
)

// Drop gives back the pages of the first end bytes of a file, all of them if end is 0. Those that are not on the disk
// stay, and are on their way there.
func Drop(f *os.File, end int64) { advise(f, 0, end, dontNeed) }

const (
	ahead  = 4 << 20   // how far a Reader has the kernel read ahead,
	piece  = 128 << 10 // in pieces: it takes advice for as much as it reads ahead by itself
	behind = 4 << 20   // how much a Reader leaves behind before that is dropped
)

// Reader reads a file from where it stands to its end, and leaves nothing of it behind.
type Reader struct {
	f       *os.File
	at      int64 // offset of what is read next
	dropped int64 // offset up to which pages were given back
	told    int64 // offset up to which the kernel was told to read
}

// NewReader makes a reader of a file. Until it is no longer used, nobody moves the file's offset.
func NewReader(f *os.File) *Reader {
	at, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		at = 0 // no file that has pages: advice for it is refused
	}
	return &Reader{f: f, at: at, dropped: at, told: at}
}

// Read reads bytes.
func (r *Reader) Read(p []byte) (int, error) {
	for ; r.told < r.at+ahead; r.told += piece {
		advise(r.f, r.told, piece, willNeed)
	}
	n, err := r.f.Read(p)
	r.at += int64(n)
	if r.at-r.dropped >= behind || err != nil {
		advise(r.f, r.dropped, r.at-r.dropped, dontNeed)
		r.dropped = r.at
	}
	return n, err
}
