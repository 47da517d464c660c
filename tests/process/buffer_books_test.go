package process

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"granary/tests/live"
)

// TestBufferBooks has clients queue, watch, subscribe, cache, wait, send halves of requests, not read what they asked for, and
// die, and has all books counted anew meanwhile. With two loops, one of them reads and writes while the other counts.
func TestBufferBooks(t *testing.T) {
	seed := live.Seed(t)
	for _, loops := range []string{"1", "2"} {
		t.Run(loops, func(t *testing.T) {
			s := start(t, "--io-threads", loops, "--client-output-buffer-limit", "normal", "24mb", "12mb", "1",
				"--client-output-buffer-limit", "pubsub", "4mb", "0", "0")
			c := dial(t, s)
			for i := range 20 {
				do(t, c, "SET", fmt.Sprint("big:", i), strings.Repeat("v", 1000<<(i%11)))
			}
			before := atRest(t, s, c)
			quit := make(chan struct{})
			var wg sync.WaitGroup
			for i := range 10 {
				wg.Add(1)
				go func() {
					defer wg.Done()
					rnd := rand.New(rand.NewPCG(seed, uint64(i)))
					for {
						select {
						case <-quit:
							return
						default:
							misbehave(rnd, s.Addr)
						}
					}
				}()
			}
			for end := time.Now().Add(3 * time.Second); time.Now().Before(end) && !t.Failed(); time.Sleep(20 * time.Millisecond) {
				audited(t, c)
			}
			close(quit)
			wg.Wait()
			do(t, c, "FLUSHALL")
			before.again(t, s, c)
			eventually(t, "the server keeps nothing of them", func() bool {
				_, server := owner(t, c)
				return server["shared-output"]+server["watched-keys"]+server["tracking-table"]+server["blocked"] == 0
			})
		})
	}
}

// misbehave is the life of a client.
func misbehave(rnd *rand.Rand, addr string) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer c.Close()
	buf := make([]byte, 256<<10)
	for range 1 + rnd.IntN(30) {
		c.SetDeadline(time.Now().Add(200 * time.Millisecond))
		big := "big:" + strconv.Itoa(rnd.IntN(20))
		value := strings.Repeat("x", 1<<rnd.IntN(19))
		var out []byte
		add := func(args ...string) { out = live.AppendCommand(out, args...) }
		switch rnd.IntN(12) {
		case 0:
			add("MULTI")
			for range rnd.IntN(20) {
				add("SET", big, value[:min(len(value), 5000)])
			}
			if rnd.IntN(2) == 0 {
				add("EXEC")
			}
		case 1:
			add("WATCH", big, "some", value[:min(len(value), 2000)])
		case 2:
			add("SUBSCRIBE", "channel", "ch:"+strconv.Itoa(rnd.IntN(100)))
			add("PSUBSCRIBE", "ch*")
		case 3:
			add("HELLO", "3")
			add("CLIENT", "TRACKING", "ON")
			add("MGET", big, "some")
		case 4:
			add("HELLO", "3")
			add("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "big:", "PREFIX", "k"+strconv.Itoa(rnd.IntN(100)))
		case 5:
			add("BLPOP", "none", value[:min(len(value), 3000)], "0.05")
		case 6:
			add("PUBLISH", "channel", value)
		case 7:
			add("SET", big, value)
		case 8:
			for range rnd.IntN(40) {
				add("GET", big)
			}
		case 9:
			add("MONITOR")
		case 10:
			add("CLIENT", "SETNAME", value[:min(len(value), 300)])
			add("APPEND", big, "y")
			add("DEL", "big:"+strconv.Itoa(rnd.IntN(20)))
		case 11:
			many := []string{"MSET"}
			for i := range rnd.IntN(1000) {
				many = append(many, "k"+strconv.Itoa(i), "v")
			}
			add(append(many, "k", "v")...)
		}
		cut := rnd.IntN(10) == 0
		if cut {
			out = out[:rnd.IntN(len(out)+1)]
		}
		if _, err := c.Write(out); err != nil || cut {
			time.Sleep(time.Duration(rnd.IntN(30)) * time.Millisecond)
			return
		}
		for range rnd.IntN(4) {
			c.SetReadDeadline(time.Now().Add(2 * time.Millisecond))
			if _, err := c.Read(buf[:1+rnd.IntN(len(buf))]); err != nil {
				break
			}
		}
	}
}
