package hashes

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"granary/internal/command/commandtest"
	"granary/tests/live"
)

// modelHash is a hash as Go has it.
type modelHash map[string]modelField

type modelField struct {
	value string
	at    int64
}

// model runs random commands on hashes whose fields expire, and on the keys they are at, beside Go maps.
type model struct {
	*timed
	rng  *rand.Rand
	want map[string]modelHash
}

// TestModel compares random histories over all encodings with a model. The clock is the test's, so it is known at each
// step what has expired.
func TestModel(t *testing.T) {
	seed := live.Seed(t)
	s := newTimed(commandtest.New(t, Register))
	s.Env.Config.HashMaxListpackEntries, s.Env.Config.HashMaxListpackValue = 8, 12
	m := &model{s, rand.New(rand.NewPCG(seed, 0)), map[string]modelHash{}}
	n := 60000
	if testing.Short() {
		n = 6000
	}
	for i := range n {
		m.step()
		if i%500 == 0 {
			m.compare()
		}
		if t.Failed() {
			t.Fatalf("step %d", i)
		}
	}
	m.compare()
}

// settle forgets what has expired by now.
func (m *model) settle() {
	for key, h := range m.want {
		maps.DeleteFunc(h, func(_ string, f modelField) bool { return f.at != 0 && f.at <= m.now })
		if len(h) == 0 {
			delete(m.want, key)
		}
	}
}

func (m *model) compare() {
	m.T.Helper()
	m.settle()
	m.Env.Keys.Now = m.now
	if err := m.Env.Keys.Check(); err != nil {
		m.T.Fatal(err)
	}
	for _, key := range modelKeys {
		h := m.want[key]
		got := pairs(m.Do("HGETALL", key))
		for name, f := range h {
			if got[name] != f.value {
				m.T.Fatalf("%s %s is %q, want %q", key, name, got[name], f.value)
			}
			want := fmt.Sprintf("[:%d]", f.at)
			if f.at == 0 {
				want = "[:-1]"
			}
			m.Is(want, "HPEXPIRETIME", key, "FIELDS", "1", name)
		}
		if len(got) != len(h) {
			m.T.Fatalf("%s has %d fields, want %d", key, len(got), len(h))
		}
		m.Is(":"+strconv.Itoa(len(h)), "HLEN", key)
	}
	if got, want := m.Client.DB.Len(), len(m.want); got != want {
		m.T.Fatalf("%d keys, want %d", got, want)
	}
}

var modelKeys = []string{"a", "b", "c", "long" + strings.Repeat("k", 300)}

func (m *model) step() {
	if m.rng.IntN(20) == 0 {
		m.pass(int64(m.rng.IntN(300)))
		if m.rng.IntN(2) == 0 {
			for !m.Env.Keys.ExpireSlice(time.Now().Add(time.Second)) {
			}
		}
	}
	m.settle()
	key := modelKeys[m.rng.IntN(len(modelKeys))]
	h := m.want[key]
	name, value := "f"+strconv.Itoa(m.rng.IntN(14)), strings.Repeat("v", m.rng.IntN(14))
	f, has := h[name]
	at := m.now + 1 + int64(m.rng.IntN(1000))
	put := func(f modelField) {
		if h == nil {
			h = modelHash{}
			m.want[key] = h
		}
		h[name] = f
	}
	one := map[bool]string{true: ":1", false: ":0"}
	switch m.rng.IntN(16) {
	case 0, 1, 2:
		m.Is(one[!has], "HSET", key, name, value)
		put(modelField{value, 0})
	case 3:
		m.Is(one[has], "HDEL", key, name)
		m.drop(key, name)
	case 4, 5, 6:
		want := "[:-2]"
		if has {
			want = "[:1]"
			h[name] = modelField{f.value, at}
		}
		m.Is(want, "HPEXPIREAT", key, fmt.Sprint(at), "FIELDS", "1", name)
	case 7:
		want := "[:-2]"
		if has {
			want = "[:-1]"
			if f.at != 0 {
				want = "[:1]"
			}
			h[name] = modelField{f.value, 0}
		}
		m.Is(want, "HPERSIST", key, "FIELDS", "1", name)
	case 8:
		m.Is(":1", "HSETEX", key, "PXAT", fmt.Sprint(at), "FIELDS", "1", name, value)
		put(modelField{value, at})
	case 9:
		m.Is(":1", "HSETEX", key, "KEEPTTL", "FIELDS", "1", name, value)
		put(modelField{value, f.at})
	case 10:
		n, err := strconv.Atoi(f.value)
		if has && err != nil {
			m.IsError("ERR hash value is not an integer", "HINCRBY", key, name, "7")
			return
		}
		m.Is(":"+strconv.Itoa(n+7), "HINCRBY", key, name, "7")
		put(modelField{strconv.Itoa(n + 7), f.at})
	case 11:
		if m.rng.IntN(8) == 0 {
			m.Is(map[bool]string{true: "[:2]", false: "[:-2]"}[has], "HPEXPIREAT", key, "1", "FIELDS", "1", name)
			m.drop(key, name)
		}
	case 12:
		want := "[$-1]"
		if has {
			want = fmt.Sprintf("[$%d %s]", len(f.value), f.value)
		}
		m.Is(want, "HGETDEL", key, "FIELDS", "1", name)
		m.drop(key, name)
	default:
		m.moveKeys(key)
	}
}

func (m *model) drop(key, name string) {
	if h := m.want[key]; h != nil {
		if delete(h, name); len(h) == 0 {
			delete(m.want, key)
		}
	}
}

// moveKeys does to whole keys what RENAME, COPY, DEL, EXPIRE, SWAPDB and MOVE do.
func (m *model) moveKeys(key string) {
	ks, db := m.Env.Keys, m.Client.DB
	ks.Now = m.now
	for _, k := range modelKeys { // what has expired is gone
		m.Do("HLEN", k)
	}
	ks.Now = m.now
	to := modelKeys[m.rng.IntN(len(modelKeys))]
	src, dst := db.Write([]byte(key)), db.Write([]byte(to))
	if !src.Exists() || key == to {
		return
	}
	switch m.rng.IntN(8) {
	case 0:
		ks.Rename(&src, &dst)
		m.want[to] = m.want[key]
		delete(m.want, key)
	case 1, 2:
		ks.Copy(&src, &dst)
		m.want[to] = maps.Clone(m.want[key])
	case 3:
		src.Delete()
		delete(m.want, key)
	case 4:
		src.SetExpiry(m.now + 1e9)
		src.SetExpiry(0)
	case 5:
		ks.Swap(0, 1)
		ks.Swap(1, 0)
	case 6:
		other := ks.DBs[1].Write([]byte(key))
		ks.Move(&src, &other)
		back := db.Write([]byte(key))
		ks.Move(&other, &back)
	default:
		src.SetString([]byte("no hash any more"), 0)
		src.Delete()
		delete(m.want, key)
	}
	if m.rng.IntN(300) == 0 {
		db.Flush(false)
		clear(m.want)
	}
}
