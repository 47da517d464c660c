package history

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

const (
	syncEvery  = int64(time.Minute)
	retryEvery = int64(10 * time.Second) // after a write that failed
	stallAfter = int64(1500 * time.Millisecond)
)

// startWriter starts the goroutine that writes. It holds mu while it copies, and nothing while it writes.
func (r *Recorder) startWriter() {
	r.file.synced = r.opt.nowMono()
	r.doing.sampled.Store(r.file.synced)
	if r.file.f != nil {
		r.file.buf = make([]byte, pageSize)
	}
	r.ended.Add(1)
	go r.write()
}

// signal wakes the writer.
func (r *Recorder) signal() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *Recorder) write() {
	defer r.ended.Done()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	var retry int64
	for {
		stop := false
		select {
		case <-r.stop:
			stop = true
		case <-r.wake:
		case <-tick.C:
			if !r.stalled() {
				continue
			}
		}
		now := r.opt.nowMono()
		if r.file.f != nil && (!r.file.failed || now >= retry || stop) {
			if !r.flush(now, stop) {
				retry = now + retryEvery
			}
		}
		for i := range r.rings {
			r.renew(&r.rings[i])
		}
		if stop {
			if r.file.f != nil {
				r.file.f.Close()
			}
			return
		}
	}
}

// flush writes what the file has not. It reports false if that failed.
func (r *Recorder) flush(now int64, last bool) bool {
	x := &r.file
	err := r.flushPages()
	if err == nil && x.dirty && !r.opt.noSync && (last || now-x.synced >= syncEvery) {
		x.synced, x.dirty = now, false
		err = x.f.Sync()
	}
	switch {
	case err != nil && !x.failed:
		r.opt.Warn("The history of memory can't be written to %s: %v. It is kept in memory, and what is missing is written when that is possible again.", r.opt.Path, err)
	case err == nil && x.failed:
		r.opt.Notice("The history of memory is written to %s again.", r.opt.Path)
	}
	x.failed = err != nil
	return err == nil
}

func (r *Recorder) flushPages() error {
	x := &r.file
	if x.failed { // the header may be what failed
		if _, err := x.f.WriteAt(x.head.encode(), 0); err != nil {
			return err
		}
	}
	for i := range r.rings {
		ring := &r.rings[i]
		for {
			r.mu.Lock()
			seq, from := ring.unwritten()
			if seq == 0 {
				r.mu.Unlock()
				break
			}
			p := ring.slot(seq)
			n := copy(x.buf, p.buf[from:p.used])
			r.mu.Unlock()
			if _, err := x.f.WriteAt(x.buf[:n], x.head.offset(Ring(i), seq)+int64(from)); err != nil {
				return err
			}
			x.dirty = true
			r.mu.Lock()
			if seq >= ring.first {
				p.written = from + n
			}
			r.mu.Unlock()
		}
	}
	return nil
}

// unwritten returns the oldest page that has bytes for the file, 0 if there is none, and where they begin.
func (r *ring) unwritten() (seq uint64, from int) {
	for seq := r.clean + 1; seq <= r.last; seq++ {
		if seq < r.first {
			continue
		}
		if p := r.slot(seq); p.written < p.used {
			return seq, p.written
		}
		if seq < r.last {
			r.clean = seq
		}
	}
	return 0, 0
}

// stalled looks whether samples stay away because a command takes long, and records that: with growing pauses, so that the
// pages hold whatever happens.
func (r *Recorder) stalled() bool {
	d := &r.doing
	late := r.opt.nowMono() - d.sampled.Load()
	if late < stallAfter {
		d.next = stallAfter
		return false
	}
	command := d.command.Load()
	if late < d.next || command == nil {
		return false
	}
	d.next = late + late/2
	rec := Record{
		Kind: KindStall, Time: time.Now().UnixMilli(), Command: *command, Client: d.client.Load(),
		For: late / 1e6, Resident: resident(),
	}
	r.append(RingSeconds, &rec)
	return true
}

// resident returns the physical memory of the process, 0 where the kernel does not tell.
func resident() int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	f := bytes.Fields(b)
	if len(f) < 2 {
		return 0
	}
	n, _ := strconv.ParseInt(string(f[1]), 10, 64)
	return n * int64(os.Getpagesize())
}
