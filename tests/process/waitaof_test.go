package process

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"granary/tests/live"
)

// blockedNow waits until so many clients are blocked.
func blockedNow(t *testing.T, c *live.Conn, n int) {
	t.Helper()
	eventually(t, fmt.Sprint(n, " clients are blocked"), func() bool { return field(t, c, "clients", "blocked_clients") == fmt.Sprint(n) })
}

// answer reads a reply that must come.
func answer(t *testing.T, c *live.Conn) string {
	t.Helper()
	b, err := c.ReadRaw(nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := live.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(r.String())
}

// request sends a command without waiting for its reply.
func request(t *testing.T, c *live.Conn, args ...string) {
	t.Helper()
	if err := c.Send(args...); err != nil {
		t.Fatal(err)
	}
}

const (
	onDisk    = "*2\n  :1\n  :0"
	notOnDisk = "*2\n  :0\n  :0"
	noAOF     = "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."
)

// TestWaitAOF waits under every policy, from clients of all loops, and lets waiting end in all ways.
func TestWaitAOF(t *testing.T) {
	s := start(t, "--appendonly", "yes", "--io-threads", "3", "--auto-aof-rewrite-percentage", "0")
	x := dial(t, s)
	clients := make([]*live.Conn, 40)
	for i := range clients {
		clients[i] = dial(t, s)
	}
	is := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("it answered %q, want %q", got, want)
		}
	}
	is(do(t, x, "WAITAOF", "1", "0", "0"), onDisk) // who has written nothing need not wait
	for _, policy := range []string{"always", "everysec"} {
		do(t, x, "CONFIG", "SET", "appendfsync", policy)
		for round := range 2 {
			for i, c := range clients {
				request(t, c, "SET", fmt.Sprint("k", i), fmt.Sprint(round))
				request(t, c, "WAITAOF", "1", "0", "0")
			}
			for _, c := range clients {
				is(answer(t, c), "+OK")
				is(answer(t, c), onDisk)
			}
		}
		blockedNow(t, x, 0)
	}

	// Nothing is synced: they wait, and are seen to.
	do(t, x, "CONFIG", "SET", "appendfsync", "no")
	a, b, c, d := clients[0], clients[1], clients[2], clients[3]
	var ids [4]string
	for i, who := range clients[:4] {
		ids[i] = strings.TrimPrefix(do(t, who, "CLIENT", "ID"), ":")
		do(t, who, "INCR", "count")
	}
	is(do(t, a, "WAITAOF", "1", "0", "20"), notOnDisk)
	request(t, a, "WAITAOF", "1", "0", "0")
	request(t, b, "WAITAOF", "1", "1", "600000")
	request(t, c, "WAITAOF", "0", "1", "0")
	request(t, d, "WAITAOF", "1", "0", "0")
	blockedNow(t, x, 4)
	list, err := x.Do("CLIENT", "LIST", "ID", ids[0])
	if err != nil || !strings.Contains(list.Str, " flags=b ") || !strings.Contains(list.Str, " cmd=waitaof ") {
		t.Errorf("CLIENT LIST shows %q (%v)", list.Str, err)
	}
	if got := field(t, x, "clients", "clients_in_timeout_table"); got != "1" {
		t.Errorf("clients_in_timeout_table is %s", got)
	}
	is(do(t, x, "CLIENT", "UNBLOCK", ids[0]), ":1")
	is(answer(t, a), notOnDisk)
	is(do(t, x, "CLIENT", "UNBLOCK", ids[1], "ERROR"), ":1")
	is(answer(t, b), "-UNBLOCKED client unblocked via CLIENT UNBLOCK")

	// The policy changes: the next sync lets go who waits for no replica.
	do(t, x, "CONFIG", "SET", "appendfsync", "everysec")
	is(answer(t, d), onDisk)
	blockedNow(t, x, 1)
	do(t, x, "CONFIG", "SET", "appendfsync", "no")

	// A rewrite brings the old file to the disk.
	do(t, a, "INCR", "count")
	request(t, a, "WAITAOF", "1", "0", "0")
	blockedNow(t, x, 2)
	do(t, x, "BGREWRITEAOF")
	is(answer(t, a), onDisk)
	rewritten(t, x)

	// The file is switched off, and on.
	do(t, a, "INCR", "count")
	request(t, a, "WAITAOF", "1", "0", "0")
	blockedNow(t, x, 2)
	do(t, x, "CONFIG", "SET", "appendonly", "no")
	is(answer(t, a), noAOF)
	is(do(t, a, "WAITAOF", "1", "0", "0"), noAOF)
	is(do(t, a, "WAITAOF", "0", "1", "1"), notOnDisk)
	do(t, a, "INCR", "count")
	do(t, x, "CONFIG", "SET", "rdb-key-save-delay", "100000")
	is(do(t, x, "BGSAVE"), "+Background saving started")
	do(t, x, "CONFIG", "SET", "appendonly", "yes") // as soon as the snapshot is done
	do(t, a, "INCR", "count")
	request(t, a, "WAITAOF", "1", "0", "0")
	blockedNow(t, x, 2)
	do(t, x, "CONFIG", "SET", "rdb-key-save-delay", "0")
	is(answer(t, a), onDisk)
	rewritten(t, x)
	blockedNow(t, x, 1)

	// Who goes away waits no more.
	request(t, c, "PING")
	c.Close()
	blockedNow(t, x, 0)
	audited(t, x)
}

// TestWait has WAIT wait for replicas, of which there are none.
func TestWait(t *testing.T) {
	s := start(t)
	x, a := dial(t, s), dial(t, s)
	id := strings.TrimPrefix(do(t, a, "CLIENT", "ID"), ":")
	began := time.Now()
	if got := do(t, a, "WAIT", "1", "50"); got != ":0" || time.Since(began) < 50*time.Millisecond {
		t.Errorf("it answered %s after %v", got, time.Since(began))
	}
	request(t, a, "WAIT", "2", "0")
	blockedNow(t, x, 1)
	do(t, x, "CLIENT", "UNBLOCK", id)
	if got := answer(t, a); got != ":0" {
		t.Errorf("it answered %s", got)
	}
	audited(t, x)
}
