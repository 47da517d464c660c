package command

import (
	"slices"
	"time"
)

// Commands that take long (MEMORY RELEASE) do their work in slices, while other clients are served between them. The client
// waits as one that waits for a key, but for no key: in each slice the task goes on, and when it is done the handler is
// called again to answer. The slices run in phase B of the client's own loop.

// Task is work that is done in slices. Its memory is its own: what was found in one slice may have moved by the next.
type Task interface {
	// Slice works until the deadline and reports whether all is done. REQUIRES: the keyspace lock.
	Slice(deadline time.Time) (done bool)
}

// job is a task and who waits for it.
type job struct {
	task Task
	of   *waiting
	done bool
}

// TaskSlice is how long a slice of a task takes in a server that serves others (Env.TaskSlice).
const TaskSlice = 500 * time.Microsecond

const taskPause = 1 // ms from the begin of a slice to the next

// Work has the client wait while the task is done in slices; the handler is called again then, and gets the task from
// Worked. Where nothing may wait (NeverBlocks) it runs one slice, and returns true: the handler goes on with what is done.
func (c *Ctx) Work(t Task) (now bool) {
	if c.NeverBlocks() {
		t.Slice(time.Now().Add(c.Env.TaskSlice))
		return true
	}
	c.Block(Wait{})
	e := c.Env
	e.jobs = append(e.jobs, &job{task: t, of: c.Client.waiting})
	e.Loop.TickBy(e.Loop.Now())
	return false
}

// Worked returns the task that is done when a handler is called again, nil when it is called first.
func (c *Ctx) Worked() Task {
	if c.Retrying() {
		for _, j := range c.Env.jobs {
			if j.of == c.Client.waiting {
				return j.task
			}
		}
	}
	return nil
}

// TickWork runs a slice of the tasks of a loop's clients, and returns when it wants to be called again, in ms of the loop's
// clock, or next if that is sooner.
// REQUIRES: the keyspace lock, in B of the loop.
func (e *Env) TickWork(at int, now, next int64) int64 {
	if len(e.jobs) == 0 {
		return next
	}
	e.jobs = slices.DeleteFunc(e.jobs, func(j *job) bool { return j.of.client.waiting != j.of }) // it went away, or was unblocked
	i := slices.IndexFunc(e.jobs, func(j *job) bool { return j.of.client.Loop().ID() == at })
	if i < 0 {
		return next
	}
	j := e.jobs[i]
	if j.done || j.task.Slice(time.Now().Add(e.TaskSlice)) {
		j.done = true
		e.ReadClock()
		e.Blocked.retry(j.of)
	}
	if i = slices.Index(e.jobs, j); i >= 0 { // the next one's turn; the list may have changed
		e.jobs = append(slices.Delete(e.jobs, i, i+1), j)
	}
	return min(next, now+taskPause)
}
