package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// workClock tells how much the threads of a process that serve clients have worked, by the scheduler's books: exact
// when a thread sleeps, which it does when it has answered. Threads that a server names otherwise, as redis-server names
// those that free memory in the background, are left out.
type workClock struct {
	pid     int
	threads []thread
	reads   int
}

type thread struct {
	id   string
	stat *os.File
	at   time.Duration
}

// mostWork returns the longest that any one thread has worked since the last call.
func (w *workClock) mostWork() (most time.Duration, err error) {
	if w.reads%64 == 0 {
		if err := w.find(); err != nil {
			return 0, err
		}
	}
	w.reads++
	var buf [64]byte
	for i := range w.threads {
		t := &w.threads[i]
		n, err := t.stat.ReadAt(buf[:], 0)
		if n == 0 {
			if err != nil && w.reads > 1 {
				continue // a thread that has ended
			}
			return 0, fmt.Errorf("scheduler statistics of thread %s: %w", t.id, err)
		}
		first, _, _ := bytes.Cut(buf[:n], []byte(" "))
		ns, err := strconv.ParseInt(string(first), 10, 64)
		if err != nil {
			return 0, err
		}
		if t.at >= 0 {
			most = max(most, time.Duration(ns)-t.at)
		}
		t.at = time.Duration(ns)
	}
	return most, nil
}

// find looks for new threads.
func (w *workClock) find() error {
	base := fmt.Sprintf("/proc/%d", w.pid)
	own, err := os.ReadFile(base + "/comm")
	if err != nil {
		return err
	}
	ids, err := os.ReadDir(base + "/task")
	if err != nil {
		return err
	}
	for _, id := range ids {
		if slices.ContainsFunc(w.threads, func(t thread) bool { return t.id == id.Name() }) {
			continue
		}
		folder := filepath.Join(base, "task", id.Name())
		if name, err := os.ReadFile(folder + "/comm"); err != nil || !bytes.Equal(name, own) {
			continue
		}
		if f, err := os.Open(folder + "/schedstat"); err == nil {
			w.threads = append(w.threads, thread{id.Name(), f, -1})
		}
	}
	return nil
}

func (w *workClock) close() {
	for _, t := range w.threads {
		t.stat.Close()
	}
}
