package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// schedstat is what the scheduler says of one thread: how long it has run, exact when it sleeps, and how long it would
// have run but for others.
type schedstat struct {
	id                 string
	file               *os.File
	ran, delayed       time.Duration
	newRan, newDelayed time.Duration // since the look before
}

func openSchedstat(folder string) (*schedstat, error) {
	f, err := os.Open(folder + "/schedstat")
	if err != nil {
		return nil, err
	}
	t := &schedstat{id: filepath.Base(folder), file: f}
	return t, t.look()
}

// look reads the books. A thread that has ended has done nothing more.
func (t *schedstat) look() error {
	t.newRan, t.newDelayed = 0, 0
	var buf [96]byte
	n, _ := t.file.ReadAt(buf[:], 0)
	if n == 0 {
		return nil
	}
	f := strings.Fields(string(buf[:n]))
	if len(f) != 3 {
		return fmt.Errorf("scheduler statistics of thread %s: %q", t.id, buf[:n])
	}
	ran, err := strconv.ParseInt(f[0], 10, 64)
	if err != nil {
		return err
	}
	delayed, err := strconv.ParseInt(f[1], 10, 64)
	if err != nil {
		return err
	}
	t.newRan, t.newDelayed = time.Duration(ran)-t.ran, time.Duration(delayed)-t.delayed
	t.ran, t.delayed = time.Duration(ran), time.Duration(delayed)
	return nil
}

// threads are those of a process that serve clients. Threads that a server names otherwise, as redis-server names those
// that free memory in the background, and Granary the one that writes a snapshot, are left out.
type threads struct {
	pid   int
	name  []byte // of the process
	all   []*schedstat
	looks int
}

// nameMatters is how long a thread has to run to be asked its name, which it may have got late.
const nameMatters = 200 * time.Microsecond

// look returns how long the busiest thread has run since the look before, and how long it was kept from running.
func (w *threads) look() (ran, delayed time.Duration, err error) {
	if w.looks%64 == 0 {
		if err := w.find(); err != nil {
			return 0, 0, err
		}
	}
	w.looks++
	for _, t := range w.all {
		if err := t.look(); err != nil {
			return 0, 0, err
		}
		if t.newRan >= ran && (t.newRan < nameMatters || w.serves(t.id)) {
			ran, delayed = t.newRan, t.newDelayed
		}
	}
	return ran, delayed, nil
}

func (w *threads) folder(id string) string { return fmt.Sprintf("/proc/%d/task/%s", w.pid, id) }

// serves reports whether a thread has the name of the process.
func (w *threads) serves(id string) bool {
	name, err := os.ReadFile(w.folder(id) + "/comm")
	return err == nil && bytes.Equal(name, w.name)
}

// find looks for new threads.
func (w *threads) find() (err error) {
	if w.name, err = os.ReadFile(fmt.Sprintf("/proc/%d/comm", w.pid)); err != nil {
		return err
	}
	ids, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", w.pid))
	if err != nil {
		return err
	}
	for _, id := range ids {
		if slices.ContainsFunc(w.all, func(t *schedstat) bool { return t.id == id.Name() }) || !w.serves(id.Name()) {
			continue
		}
		t, err := openSchedstat(w.folder(id.Name()))
		if err != nil {
			continue // it has ended
		}
		w.all = append(w.all, t)
	}
	return nil
}

func (w *threads) close() {
	for _, t := range w.all {
		t.file.Close()
	}
}
