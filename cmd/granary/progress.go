package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

// progressBar tells on a terminal how much of a file has been read.
type progressBar struct {
	out   io.Writer // nil: nobody is told
	size  int64     // -1: unknown
	what  string    // what is counted
	next  time.Time
	n     int // calls
	shown bool
}

const (
	barWidth      = 40
	progressAfter = time.Second            // so long a check takes before it tells how far it is
	progressEvery = 200 * time.Millisecond // and then so often
)

// newBar returns one for a file that is read from now on.
func newBar(out io.Writer, size int64, what string) progressBar {
	return progressBar{out: out, size: size, what: what, next: time.Now().Add(progressAfter)}
}

// show tells it if it is time to. Clocks are read now and then only: most keys take less than that.
func (p *progressBar) show(offset, count int64) {
	if p.n++; p.out == nil || p.n&255 != 0 {
		return
	}
	now := time.Now()
	if now.Before(p.next) {
		return
	}
	p.next, p.shown = now.Add(progressEvery), true
	if p.size <= 0 {
		fmt.Fprintf(p.out, "\r%d %s, %d bytes", count, p.what, offset)
		return
	}
	done := int(offset * barWidth / p.size)
	bar := make([]byte, barWidth)
	for i := range bar {
		bar[i] = '.'
		if i < done {
			bar[i] = '#'
		}
	}
	fmt.Fprintf(p.out, "\r[%s] %3d%%  %d %s", bar, offset*100/p.size, count, p.what)
}

// clear takes away what was told.
func (p *progressBar) clear() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

// terminal returns f if it is a terminal, nil otherwise.
func terminal(f *os.File) io.Writer {
	if st, err := f.Stat(); err == nil && st.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb" {
		return f
	}
	return nil
}
