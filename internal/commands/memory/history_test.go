package memory

import (
	"fmt"
	"strings"
	"testing"

	"granary/internal/history"
)

// recorded starts a session with a recorder of three lines and some seconds and minutes in it: used_memory, rss and data.entry.
func recorded(t *testing.T) checker {
	t.Helper()
	c := start(t)
	now := c.Env.Keys.Now
	say := func(format string, args ...any) { t.Errorf(format, args...) }
	h := history.Open(history.Options{Lines: []string{"used_memory", "rss", "data.entry"}, PID: 42, Warn: say, Notice: say}, now-200_000)
	t.Cleanup(func() {
		h.Finish(now)
		h.Free()
	})
	c.Env.SetHistory(h)
	for i := range int64(200) {
		entry := int64(5)
		if i >= 100 {
			entry += 8 << 20
		}
		if i == 100 {
			by := history.Client{ID: 7, Name: "app", Addr: "10.0.0.1:5", User: "bob"}
			h.Accounts.Note(8<<20, "set", by, []byte("user:"), []byte("user:1"))
			h.Accounts.Note(-50, "del", by, nil, nil)
		}
		h.Sample(now-200_000+i*1000, []int64{1<<20 + entry, 9 << 20, entry})
	}
	return c
}

func TestHistoryErrors(t *testing.T) {
	c := start(t)
	c.is("memory history", "-"+errHistoryOff)
	c = recorded(t)
	for _, bad := range []string{"x", "seconds minutes x", "from", "count", "lines", "lines from 1", "to", "peaks jumps"} {
		c.is("memory history "+bad, "-ERR syntax error")
	}
	c.is("memory history count 0", "-"+errHistoryCount)
	c.is("memory history count 10001", "-"+errHistoryCount)
	c.is("memory history from x", "-ERR value is not an integer or out of range")
	c.is("memory history lines x*", "-ERR no line of the history matches 'x*'")
}

func TestHistorySamples(t *testing.T) {
	c := recorded(t)
	now := c.Env.Keys.Now / 1000
	c.is("memory history count 2 lines data.* used_memory",
		fmt.Sprintf("[$5 lines [$10 data.entry $11 used_memory] $7 samples [[:%d [:8388613 :9437189]] [:%d [:8388613 :9437189]]]]", now-2, now-1))
	c.is(fmt.Sprintf("memory history seconds lines data.entry from %d to -100", now-101),
		fmt.Sprintf("[$5 lines [$10 data.entry] $7 samples [[:%d [:5]] [:%d [:8388613]]]]", now-101, now-100))
	c.is("memory history to -200 lines rss", fmt.Sprintf("[$5 lines [$3 rss] $7 samples [[:%d $19 start of process 42] [:%d [:9437184]]]]", now-200, now-200))
	got := c.Do("memory", "history", "minutes", "lines", "data.entry", "count", "1000")
	if n := strings.Count(got, "*4\r\n:"); n < 3 || n > 4 {
		t.Errorf("%d minutes in %q", n, got)
	}
	if !strings.Contains(got, "*1\r\n:5\r\n*1\r\n:8388613\r\n") { // the lowest and the highest of the minute of the jump
		t.Errorf("no extremes in %q", got)
	}
}

func TestHistoryJumps(t *testing.T) {
	c := recorded(t)
	now := c.Env.Keys.Now / 1000
	c.is("memory history jumps", fmt.Sprintf("[[$4 time :%d $4 kind $5 start $4 text $19 start of process 42] "+
		"[$4 time :%d $4 kind $4 jump $5 moved [$11 used_memory :8388608 $10 data.entry :8388608] $7 charged :8388608 "+
		"$8 commands [[$4 name $3 set $5 bytes :8388608 $5 error :0]] $8 prefixes [[$4 name $5 user: $5 bytes :8388608 $5 error :0]] "+
		"$7 clients [[$2 id :7 $4 name $3 app $4 addr $10 10.0.0.1:5 $4 user $3 bob $5 bytes :8388608 $5 error :0]] "+
		"$7 largest [$7 command $3 set $6 client :7 $3 key $6 user:1 $5 bytes :8388608]]]", now-200, now-100))
	c.is("memory history peaks lines data.*", fmt.Sprintf("[$10 data.entry [$5 bytes :8388613 $4 time :%d $5 cause "+
		"$72 added by set 100%%, client 7 (app 10.0.0.1:5 bob) 100%%, prefix user: 100%%]]", now-100))
	if got := c.Do("memory", "history"); !strings.Contains(got, "+8.00M data.entry") {
		t.Error(got)
	}
	c.Proto(3)
	if got := c.Do("memory", "history"); !strings.HasPrefix(got, "=") {
		t.Error(got)
	}
}
