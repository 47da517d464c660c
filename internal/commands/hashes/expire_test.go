package hashes

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"granary/internal/command/commandtest"
	"granary/internal/object"
)

// encodings are set-ups under which a hash h with the fields a, b and c is a listpackex or a hashtable.
var encodings = []struct {
	name    string
	entries int64
	enc     object.Encoding
}{
	{"listpackex", 512, object.ListpackEx},
	{"hashtable", 2, object.Hashtable},
}

// each runs a test once per encoding, over a fresh session with HSET h a 1 b 2 c 3.
func each(t *testing.T, test func(t *testing.T, s *timed)) {
	for _, e := range encodings {
		t.Run(e.name, func(t *testing.T) {
			s := newTimed(commandtest.New(t, Register))
			s.Env.Config.HashMaxListpackEntries = e.entries
			s.Feed()
			s.Is(":3", "HSET", "h", "a", "1", "b", "2", "c", "3")
			s.Reset()
			test(t, s)
			if it := s.Client.DB.Find([]byte("h")); it.Exists() && it.Entry.HasFields() && it.Entry.Encoding() != e.enc {
				t.Errorf("the encoding is %s, want %s", it.Entry.Encoding(), e.enc)
			}
		})
	}
}

// timed is a session with a clock that goes only when it is told to.
type timed struct {
	*commandtest.Session
	now int64
}

func newTimed(s *commandtest.Session) *timed { return &timed{s, s.Env.Keys.Now} }

func (s *timed) Do(args ...string) string {
	s.Env.Keys.Now = s.now
	return s.Session.Do(args...)
}

func (s *timed) Is(want string, args ...string) {
	s.T.Helper()
	s.Env.Keys.Now = s.now
	s.Session.Is(want, args...)
}

func (s *timed) IsError(want string, args ...string) {
	s.T.Helper()
	s.Is("-"+want, args...)
}

// did fails the test unless these were the events and effects.
func (s *timed) did(events []string, effects ...string) {
	s.T.Helper()
	if !slices.Equal(s.Events, events) {
		s.T.Errorf("events are %q, want %q", s.Events, events)
	}
	s.HasEffects(effects...)
}

// pass lets time pass.
func (s *timed) pass(ms int64) {
	s.now += ms
	s.Env.Keys.Now = s.now
}

func TestExpire(t *testing.T) {
	each(t, func(t *testing.T, s *timed) {
		now := s.now
		s.Is("[:1 :-2 :1]", "HPEXPIRE", "h", "5000", "FIELDS", "3", "a", "x", "b")
		s.did([]string{"hexpire h"}, fmt.Sprintf("HPEXPIREAT h %d FIELDS 2 a b", now+5000))
		s.Is("[:5000 :5000 :-1 :-2]", "HPTTL", "h", "FIELDS", "4", "a", "b", "c", "x")
		s.Is("[:5]", "HTTL", "h", "FIELDS", "1", "a")
		s.Is(fmt.Sprintf("[:%d :-1]", now+5000), "HPEXPIRETIME", "h", "FIELDS", "2", "a", "c")
		s.Is(fmt.Sprintf("[:%d]", (now+5999)/1000), "HEXPIRETIME", "h", "FIELDS", "1", "a")
		s.Is("[:0 :1]", "HPEXPIRE", "h", "9000", "NX", "FIELDS", "2", "a", "c")
		s.Is("[:1 :0]", "HPEXPIRE", "h", "7000", "GT", "FIELDS", "2", "a", "c")
		s.Is("[:1 :1]", "HPEXPIRE", "h", "6000", "LT", "FIELDS", "2", "a", "c")
		s.Is("[:1 :-1 :-2]", "HPERSIST", "h", "FIELDS", "3", "c", "c", "x")
		s.Reset()
		s.Is("[:-1]", "HPERSIST", "h", "FIELDS", "1", "c")
		s.did(nil)
	})
}

func TestExpireErrors(t *testing.T) {
	each(t, func(t *testing.T, s *timed) {
		const missing = "ERR Mandatory argument FIELDS is missing or not at the right position"
		const mismatch = "ERR The `numfields` parameter must match the number of arguments"
		s.IsError("ERR value is not an integer or out of range", "HEXPIRE", "h", "x", "FIELDS", "1", "a")
		s.IsError("ERR invalid expire time, must be >= 0", "HEXPIRE", "h", "-1", "FIELDS", "1", "a")
		s.IsError("ERR invalid expire time in 'hexpire' command", "HEXPIRE", "h", "9223372036854775807", "FIELDS", "1", "a")
		s.IsError("ERR invalid expire time in 'hpexpireat' command", "HPEXPIREAT", "h", "70368744177664", "FIELDS", "1", "a")
		s.IsError(missing, "HEXPIRE", "h", "10", "NX", "GT", "FIELDS", "1", "a")
		s.IsError(missing, "HEXPIRE", "h", "10", "FOO", "1", "a")
		s.IsError("ERR Parameter `numFields` should be greater than 0", "HEXPIRE", "h", "10", "FIELDS", "0", "a")
		s.IsError(mismatch, "HEXPIRE", "h", "10", "FIELDS", "2", "a")
		s.IsError(mismatch, "HEXPIRE", "h", "10", "FIELDS", "1", "a", "b")
		s.IsError("ERR wrong number of arguments for 'hexpire' command", "HEXPIRE", "h", "10", "FIELDS", "1")
		s.IsError("ERR Number of fields must be a positive integer", "HTTL", "h", "FIELDS", "0", "a")
		s.IsError("ERR Number of fields must be a positive integer", "HPERSIST", "h", "FIELDS", "x", "a")
		s.IsError(missing, "HTTL", "h", "FIELD", "1", "a")
		s.IsError(mismatch, "HTTL", "h", "FIELDS", "2", "a")
		s.Is("[:-2 :-2]", "HEXPIRE", "none", "10", "FIELDS", "2", "a", "b")
		s.Is("[:-2]", "HTTL", "none", "FIELDS", "1", "a")
		s.Is("[:-2]", "HPERSIST", "none", "FIELDS", "1", "a")
		s.HasEvents("keymiss none")
		if n := s.Dirty(); n != 3 {
			t.Errorf("%d changes", n)
		}
	})
}

func TestPast(t *testing.T) {
	each(t, func(t *testing.T, s *timed) {
		s.Is("[:2 :-2]", "HEXPIRE", "h", "0", "FIELDS", "2", "a", "x")
		s.did([]string{"hdel h"}, "HDEL h a")
		s.Is("[:2 :2]", "HPEXPIREAT", "h", "1", "FIELDS", "2", "b", "c")
		s.did([]string{"hdel h", "del h"}, "HDEL h b c")
		s.Is(":0", "HLEN", "h")
	})
}

// TestLazy checks what a command does that meets fields whose time has come.
func TestLazy(t *testing.T) {
	each(t, func(t *testing.T, s *timed) {
		s.Is("[:1 :1]", "HPEXPIRE", "h", "1000", "FIELDS", "2", "a", "b")
		s.Reset()
		s.pass(999)
		s.Is("$1 1", "HGET", "h", "a")
		s.pass(1)
		s.Is("$-1", "HGET", "h", "a")
		s.did([]string{"hexpired h"}, "HDEL h a", "HDEL h b")
		s.Is("[$1 c $1 3]", "HGETALL", "h")
		s.Is(":1", "HLEN", "h")
		if n := s.Client.DB.SubExpires(); n != 0 {
			t.Errorf("%d hashes are said to have fields that expire", n)
		}
		s.Is("[:1]", "HPEXPIRE", "h", "1", "FIELDS", "1", "c")
		s.Reset()
		s.pass(1)
		s.Is(":1", "HSET", "h", "c", "4")
		s.HasEvents("hexpired h", "del h", "new h", "hset h")
		s.Is("[:-1]", "HTTL", "h", "FIELDS", "1", "c")
	})
}

// TestHidden checks that nobody sees an expired field that must stay where it is.
func TestHidden(t *testing.T) {
	each(t, func(t *testing.T, s *timed) {
		s.Is("[:1 :1]", "HPEXPIRE", "h", "1000", "FIELDS", "2", "a", "b")
		s.Reset()
		s.pass(1000)
		s.Env.Keys.ExpireOnAccess = false
		s.Is("$-1", "HGET", "h", "a")
		s.Is("[$-1 $1 3]", "HMGET", "h", "b", "c")
		s.Is(":0", "HEXISTS", "h", "a")
		s.Is(":0", "HSTRLEN", "h", "a")
		s.Is("[$1 c $1 3]", "HGETALL", "h")
		s.Is("[$1 c]", "HKEYS", "h")
		s.Is("[$1 3]", "HVALS", "h")
		s.Is("[$1 0 [$1 c $1 3]]", "HSCAN", "h", "0")
		s.Is("$1 c", "HRANDFIELD", "h")
		s.Is("[$1 c]", "HRANDFIELD", "h", "5")
		s.Is("[$1 c $1 c]", "HRANDFIELD", "h", "-2")
		s.Is("[:-2 :-1]", "HTTL", "h", "FIELDS", "2", "a", "c")
		s.Is(":3", "HLEN", "h")
		s.HasEvents()
		// A change of such a field makes a new one.
		s.Is(":1", "HSET", "h", "a", "5")
		s.Is(":0", "HDEL", "h", "b")
		s.Is("[:-1]", "HTTL", "h", "FIELDS", "1", "a")
		s.Is(":2", "HLEN", "h")
	})
}

// TestActive checks that slices delete what is due, in the order of time, over many hashes.
func TestActive(t *testing.T) {
	each(t, func(t *testing.T, s *timed) {
		for i := range 300 {
			key := fmt.Sprint("k", i)
			s.Do("HSET", key, "a", "1", "b", "2", "c", "3")
			s.Do("HPEXPIRE", key, fmt.Sprint(100+i), "FIELDS", "1", "a")
			s.Do("HPEXPIRE", key, fmt.Sprint(1000+i), "FIELDS", "2", "b", "c")
		}
		if n := s.Client.DB.SubExpires(); n != 300 {
			t.Fatalf("%d hashes are said to have fields that expire", n)
		}
		s.Check()
		s.Reset()
		expire := func() {
			s.Env.Keys.Now = s.now
			for !s.Env.Keys.ExpireSlice(time.Now().Add(time.Second)) {
			}
		}
		expire()
		s.HasEvents()
		s.pass(199)
		expire()
		if len(s.Events) != 100 || s.Events[0] != "hexpired k0" || s.Events[99] != "hexpired k99" {
			t.Errorf("%d events: %.200q", len(s.Events), s.Events)
		}
		s.Check()
		s.Reset()
		s.pass(2000)
		expire()
		dels := 0
		for _, e := range s.Events {
			if strings.HasPrefix(e, "del ") {
				dels++
			}
		}
		if dels != 300 || len(s.Effects) != 800 {
			t.Errorf("%d keys deleted, %d effects", dels, len(s.Effects))
		}
		if n := s.Client.DB.SubExpires(); n != 0 {
			t.Errorf("%d hashes are said to have fields that expire", n)
		}
		if n := s.Env.Keys.Stats.ExpiredFields; n != 900 {
			t.Errorf("%d fields counted", n)
		}
	})
}

// TestKeepsExpiry checks which commands take the expiry of a field.
func TestKeepsExpiry(t *testing.T) {
	each(t, func(t *testing.T, s *timed) {
		s.Do("HPEXPIRE", "h", "5000", "FIELDS", "3", "a", "b", "c")
		s.Is(":11", "HINCRBY", "h", "a", "10")
		s.Reset()
		s.Is("$3 2.5", "HINCRBYFLOAT", "h", "b", "0.5")
		s.HasEffects("HSET h b 2.5", fmt.Sprintf("HPEXPIREAT h %d FIELDS 1 b", s.now+5000))
		s.Is("[:5000 :5000]", "HPTTL", "h", "FIELDS", "2", "a", "b")
		s.Is(":0", "HSET", "h", "a", "1")
		s.Is("+OK", "HMSET", "h", "b", "1")
		s.Is("[:-1 :-1 :5000]", "HPTTL", "h", "FIELDS", "3", "a", "b", "c")
		s.Is(":1", "HDEL", "h", "c")
		if n := s.Client.DB.SubExpires(); n != 0 {
			t.Errorf("%d hashes are said to have fields that expire", n)
		}
	})
}

func TestGetDel(t *testing.T) {
	each(t, func(t *testing.T, s *timed) {
		s.Is("[$1 1 $-1 $-1]", "HGETDEL", "h", "FIELDS", "3", "a", "x", "a")
		s.did([]string{"hdel h"}, "HDEL h a")
		s.Is("[$1 2 $1 3 $-1]", "HGETDEL", "h", "FIELDS", "3", "b", "c", "b")
		s.HasEvents("hdel h", "del h")
		s.Is("[$-1]", "HGETDEL", "h", "FIELDS", "1", "a")
		s.IsError("ERR Mandatory argument FIELDS is missing or not at the right position", "HGETDEL", "h", "X", "1", "a")
		s.IsError("ERR Number of fields must be a positive integer", "HGETDEL", "h", "FIELDS", "0", "a")
		s.IsError("ERR The `numfields` parameter must match the number of arguments", "HGETDEL", "h", "FIELDS", "2", "a")
	})
}

func TestGetEx(t *testing.T) {
	each(t, func(t *testing.T, s *timed) {
		now := s.now
		s.Is("[$1 1]", "HGETEX", "h", "FIELDS", "1", "a")
		s.did(nil)
		s.Is("[$1 1 $-1]", "HGETEX", "h", "EX", "100", "FIELDS", "2", "a", "x")
		s.did([]string{"hexpire h"}, fmt.Sprintf("HPEXPIREAT h %d FIELDS 1 a", now+100000))
		s.Is("[$1 1 $1 2]", "HGETEX", "h", "PERSIST", "FIELDS", "2", "a", "b")
		s.did([]string{"hpersist h"}, "HPERSIST h FIELDS 1 a")
		s.Is("[$1 1]", "HGETEX", "h", "PXAT", "1", "FIELDS", "1", "a")
		s.did([]string{"hdel h"}, "HDEL h a")
		s.Is("[$-1]", "HGETEX", "none", "EX", "1", "FIELDS", "1", "a")
		const missing = "ERR Mandatory argument FIELDS is missing or not at the right position"
		s.IsError(missing, "HGETEX", "h", "EX", "1", "PERSIST", "FIELDS", "1", "a")
		s.IsError("ERR Number of fields must be a positive integer", "HGETEX", "h", "FIELDS", "0", "a")
		s.IsError("ERR Number of fields must be a positive integer", "HGETEX", "h", "EX", "1", "FIELDS")
		s.IsError("ERR The `numfields` parameter must match the number of arguments", "HGETEX", "h", "FIELDS", "3", "a", "b")
		s.IsError("ERR invalid expire time, must be >= 0", "HGETEX", "h", "EX", "-1", "FIELDS", "1", "a")
		s.IsError(missing, "HGETEX", "h", "FOO", "FIELDS", "1", "a")
	})
}

func TestSetEx(t *testing.T) {
	each(t, func(t *testing.T, s *timed) {
		now := s.now
		s.Is(":1", "HSETEX", "h", "PX", "5000", "FIELDS", "2", "a", "7", "d", "8")
		s.did([]string{"hset h", "hexpire h"}, fmt.Sprintf("HSETEX h PXAT %d FIELDS 2 a 7 d 8", now+5000))
		s.Is("[:5000 :5000 :-1]", "HPTTL", "h", "FIELDS", "3", "a", "d", "b")
		s.Is(":1", "HSETEX", "h", "KEEPTTL", "FIELDS", "1", "a", "9")
		s.did([]string{"hset h"}, "HSETEX h KEEPTTL FIELDS 1 a 9")
		s.Is("[:5000]", "HPTTL", "h", "FIELDS", "1", "a")
		s.Is(":1", "HSETEX", "h", "FIELDS", "1", "a", "9")
		s.Is("[:-1]", "HPTTL", "h", "FIELDS", "1", "a")
		s.Is(":0", "HSETEX", "h", "FNX", "FIELDS", "2", "e", "1", "a", "1")
		s.Is(":0", "HSETEX", "h", "FXX", "FIELDS", "2", "e", "1", "a", "1")
		s.Is(":0", "HSETEX", "none", "FXX", "FIELDS", "1", "e", "1")
		s.Is(":1", "HSETEX", "h", "FXX", "EXAT", "9999999999", "FIELDS", "2", "a", "1", "b", "1")
		s.Reset()
		s.Is(":1", "HSETEX", "h", "PXAT", "1", "FIELDS", "2", "a", "1", "zz", "1")
		s.did([]string{"hset h", "hdel h"}, "HDEL h a zz")
		s.Is(":1", "HSETEX", "past", "PXAT", "1", "FIELDS", "1", "a", "1")
		s.did([]string{"new past", "hset past", "hdel past", "del past"}, "HDEL past a")
		s.Is(":1", "HSETEX", "new", "FNX", "EX", "10", "FIELDS", "1", "a", "1")
		s.Is("[:10]", "HTTL", "new", "FIELDS", "1", "a")
		s.IsError("ERR Only one of FXX or FNX arguments can be specified", "HSETEX", "h", "FNX", "FXX", "FIELDS", "1", "a", "1")
		s.IsError("ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified", "HSETEX", "h", "EX", "1", "KEEPTTL", "FIELDS", "1", "a", "1")
		s.IsError("ERR wrong number of arguments for 'hsetex' command", "HSETEX", "h", "FIELDS", "2", "a", "1", "b")
	})
}

func TestWrongType(t *testing.T) {
	s := commandtest.New(t, Register)
	it := s.Client.DB.Write([]byte("s"))
	it.SetString([]byte("x"), 0)
	for _, line := range []string{
		"HSET s a 1", "HMSET s a 1", "HSETNX s a 1", "HGET s a", "HMGET s a", "HGETALL s", "HKEYS s", "HVALS s", "HLEN s", "HSTRLEN s a",
		"HEXISTS s a", "HDEL s a", "HINCRBY s a 1", "HINCRBYFLOAT s a 1", "HRANDFIELD s", "HRANDFIELD s 1", "HSCAN s 0",
		"HEXPIRE s 1 FIELDS 1 a", "HPEXPIRE s 1 FIELDS 1 a", "HEXPIREAT s 1 FIELDS 1 a", "HPEXPIREAT s 1 FIELDS 1 a",
		"HTTL s FIELDS 1 a", "HPTTL s FIELDS 1 a", "HEXPIRETIME s FIELDS 1 a", "HPEXPIRETIME s FIELDS 1 a", "HPERSIST s FIELDS 1 a",
		"HGETDEL s FIELDS 1 a", "HGETEX s FIELDS 1 a", "HSETEX s FIELDS 1 a 1",
	} {
		s.IsError("WRONGTYPE Operation against a key holding the wrong kind of value", strings.Fields(line)...)
	}
}
