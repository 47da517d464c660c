package command

import (
	"encoding/binary"
	"slices"

	"granary/internal/mem"
)

// Latency is the latency monitor: for each kind of event that took longer than latency-monitor-threshold, the worst
// of each second, for the last 160 such seconds. Guarded by the keyspace lock.
//
// The samples of an event are one block (PurposeLatency) of 160 pairs of 32 bits, little endian: Unix seconds and
// milliseconds taken. Pairs are written in turn; seconds 0 is a pair never written.
type Latency struct {
	arena  *mem.Arena
	events []*LatencyEvent // by name
}

// LatencyEvent is the history of one kind of event.
type LatencyEvent struct {
	Name string
	Max  int64 // worst since the last reset, ms

	ring mem.Ref
	next int // pair to be written next
}

// LatencySample is one entry of a history.
type LatencySample struct {
	Time int64 // Unix seconds
	Ms   int64
}

const (
	latencySamples   = 160
	latencyRingBytes = 8 * latencySamples
)

// NewLatency returns an empty latency monitor that keeps its samples in the arena.
func NewLatency(a *mem.Arena) *Latency { return &Latency{arena: a} }

// Add notes that an event took so many milliseconds. now is Unix ms.
func (l *Latency) Add(event string, ms, now int64) {
	i, ok := slices.BinarySearchFunc(l.events, event, compareEvent)
	if !ok {
		ring := tryAllocZero(l.arena, latencyRingBytes, mem.PurposeLatency)
		if ring == 0 {
			return
		}
		l.events = slices.Insert(l.events, i, &LatencyEvent{Name: event, ring: ring})
	}
	e := l.events[i]
	e.Max = max(e.Max, ms)
	sec := uint32(now / 1000)
	if last := e.pair((e.next + latencySamples - 1) % latencySamples); binary.LittleEndian.Uint32(last) == sec {
		if uint32(ms) > binary.LittleEndian.Uint32(last[4:]) {
			binary.LittleEndian.PutUint32(last[4:], uint32(ms))
		}
		return
	}
	p := e.pair(e.next)
	binary.LittleEndian.PutUint32(p, sec)
	binary.LittleEndian.PutUint32(p[4:], uint32(ms))
	e.next = (e.next + 1) % latencySamples
}

func compareEvent(e *LatencyEvent, name string) int {
	switch {
	case e.Name < name:
		return -1
	case e.Name > name:
		return 1
	}
	return 0
}

// Events returns all events that were seen, by name.
func (l *Latency) Events() []*LatencyEvent { return l.events }

// Find returns an event, nil if it was not seen.
func (l *Latency) Find(name string) *LatencyEvent {
	if i, ok := slices.BinarySearchFunc(l.events, name, compareEvent); ok {
		return l.events[i]
	}
	return nil
}

// Reset forgets an event and reports whether there was one.
func (l *Latency) Reset(name string) bool {
	i, ok := slices.BinarySearchFunc(l.events, name, compareEvent)
	if ok {
		l.arena.Free(l.events[i].ring, latencyRingBytes, mem.PurposeLatency)
		l.events = slices.Delete(l.events, i, i+1)
	}
	return ok
}

func (e *LatencyEvent) pair(i int) []byte { return mem.Bytes(e.ring, latencyRingBytes)[8*i : 8*i+8] }

// Samples returns the history, oldest first.
func (e *LatencyEvent) Samples() []LatencySample {
	var list []LatencySample
	for k := range latencySamples {
		p := e.pair((e.next + k) % latencySamples)
		if sec := binary.LittleEndian.Uint32(p); sec != 0 {
			list = append(list, LatencySample{int64(sec), int64(binary.LittleEndian.Uint32(p[4:]))})
		}
	}
	return list
}

// Last returns the latest sample.
func (e *LatencyEvent) Last() LatencySample {
	p := e.pair((e.next + latencySamples - 1) % latencySamples)
	return LatencySample{int64(binary.LittleEndian.Uint32(p)), int64(binary.LittleEndian.Uint32(p[4:]))}
}

// NoteLatency tells the latency monitor of a piece of work that is no command (expire-cycle and the like), if it took as
// long as latency-monitor-threshold.
func (e *Env) NoteLatency(event string, ns int64) {
	if ns >= e.Stats.latency {
		e.Latency.Add(event, ns/1e6, e.Keys.Now)
	}
}
