package acl

import (
	"strconv"
	"strings"
	"testing"
)

func TestLog(t *testing.T) {
	l := Log{Max: 5}
	refuse := func(reason Verdict, object, user string, now int64) {
		l.Add(Entry{Reason: reason, Object: object, User: user, Client: "at " + strconv.Itoa(int(now))}, now)
	}
	is := func(want string) {
		t.Helper()
		var got []string
		for _, e := range l.Latest(100) {
			got = append(got, strconv.Itoa(int(e.ID))+":"+e.Object+"x"+strconv.Itoa(int(e.Count)))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	refuse(DeniedKey, "a", "u", 1000)
	refuse(DeniedKey, "b", "u", 2000)
	refuse(DeniedKey, "a", "u", 3000)
	is("0:ax2 1:bx1")
	if e := l.Latest(1)[0]; e.Created != 1000 || e.Updated != 3000 || e.Client != "at 3000" {
		t.Errorf("%+v", e)
	}
	refuse(DeniedChannel, "a", "u", 3000) // not alike: another reason,
	refuse(DeniedKey, "a", "v", 3000)     // another user,
	l.Add(Entry{Reason: DeniedKey, Context: Multi, Object: "a", User: "u"}, 3000)
	is("4:ax1 3:ax1 2:ax1 0:ax2 1:bx1")
	refuse(DeniedKey, "b", "u", 62_000) // as near as it may be,
	refuse(DeniedKey, "a", "u", 63_001) // too late
	is("5:ax1 1:bx2 4:ax1 3:ax1 2:ax1")

	l.Max = 0
	if l.Len() != 5 {
		t.Error("a lower limit takes effect before there is a new entry")
	}
	refuse(DeniedKey, "c", "u", 63_001)
	is("")
	l.Max = 5
	refuse(DeniedKey, "c", "u", 63_001)
	is("7:cx1")
	l.Reset()
	is("")
	if len(l.Latest(-1)) != 0 {
		t.Error("a negative count has entries")
	}
}

// TestLogLooksBack pins that only the latest entries are compared.
func TestLogLooksBack(t *testing.T) {
	l := Log{Max: 100}
	for i := range groupLook + 1 {
		l.Add(Entry{Reason: DeniedKey, Object: strconv.Itoa(i)}, 1000)
	}
	l.Add(Entry{Reason: DeniedKey, Object: "1"}, 1000)
	l.Add(Entry{Reason: DeniedKey, Object: "0"}, 1000)
	if l.Len() != groupLook+2 || l.Latest(2)[1].Count != 2 {
		t.Errorf("%d entries", l.Len())
	}
}

// TestLogClips pins that a large key does not make a large entry, and that entries alike are told by what was kept.
func TestLogClips(t *testing.T) {
	l := Log{Max: 2}
	large := strings.Repeat("k", 100_000)
	l.Add(Entry{Reason: DeniedKey, Object: large, User: large}, 1000)
	l.Add(Entry{Reason: DeniedKey, Object: large, User: large}, 1000)
	e := l.Latest(1)[0]
	if len(e.Object) > maxObject+40 || len(e.User) > maxObject+40 || e.Count != 2 || !strings.HasSuffix(e.Object, "... (95904 more bytes)") {
		t.Errorf("%d and %d bytes, count %d", len(e.Object), len(e.User), e.Count)
	}
}
