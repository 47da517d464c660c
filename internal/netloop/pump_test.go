package netloop

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// multibulk is a request in its ordinary form.
func multibulk(args ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	return b.String()
}

// TestPump has a session take long, and demands that everybody else is served meanwhile, and that its own request and
// what is pipelined behind it are not touched.
func TestPump(t *testing.T) {
	both(t, Options{}, func(t *testing.T, s *testServer, dial func() *client) {
		pumping := func() {
			for on := false; !on; time.Sleep(time.Millisecond) {
				s.locked(func() { on = s.pumping })
			}
		}
		busy := dial()
		var others []*client
		for range 6 {
			c := dial()
			c.do("PING", "+PONG\r\n")
			others = append(others, c)
		}
		for _, size := range []int{3, 5000, 300_000} {
			text := strings.Repeat("x", size)
			busy.send(multibulk("PUMP", text) + multibulk("ECHO", "behind") + "*2\r\n$4\r\nEC")
			pumping()
			for round := range 3 {
				for i, c := range others {
					c.do("PING", "+PONG\r\n")
					c.do(fmt.Sprintf("ECHO %d%d", round, i), fmt.Sprintf("$2\r\n%d%d\r\n", round, i))
					c.send(multibulk("LEN", strings.Repeat("y", 40_000)))
					c.want(":40000\r\n")
				}
				dial().do("PING", "+PONG\r\n")
			}
			busy.send("HO\r\n$3\r\nend\r\n")
			others[3].do("DONE", "+OK\r\n")
			busy.want(fmt.Sprintf("$%d\r\n%s\r\n$6\r\nbehind\r\n$3\r\nend\r\n", size, text))
		}

		// It dies in the middle.
		busy.send(multibulk("PUMP", "x"))
		pumping()
		busy.Close()
		for range 20 {
			others[0].do("PING", "+PONG\r\n")
			time.Sleep(time.Millisecond)
		}
		others[1].do("DONE", "+OK\r\n")
		others[2].do("PING", "+PONG\r\n")
	})
}
