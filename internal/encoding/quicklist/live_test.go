package quicklist

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"granary/tests/live"
)

// dumpNodes takes a DUMP payload of a list apart: the kinds of its nodes and what they hold.
func dumpNodes(b []byte) (kinds []int, data []string, err error) {
	length := func() (n int) {
		switch {
		case len(b) > 0 && b[0]>>6 == 0:
			n, b = int(b[0]), b[1:]
		case len(b) > 1 && b[0]>>6 == 1:
			n, b = int(b[0]&63)<<8|int(b[1]), b[2:]
		case len(b) > 4 && b[0] == 0x80:
			n, b = int(binary.BigEndian.Uint32(b[1:])), b[5:]
		default:
			err = fmt.Errorf("no length: %x", b[:min(len(b), 9)])
		}
		return n
	}
	if len(b) < 11 || b[0] != 18 {
		return nil, nil, fmt.Errorf("no quicklist: %x", b[:min(len(b), 9)])
	}
	b = b[1 : len(b)-10]
	for range length() {
		kinds = append(kinds, length())
		n := length()
		if err != nil || n > len(b) {
			return nil, nil, fmt.Errorf("a node of %d bytes, %d left: %v", n, len(b), err)
		}
		data = append(data, string(b[:n]))
		b = b[n:]
	}
	return kinds, data, nil
}

// TestLive: pushed to at either end, a list has the same nodes as in a real server, byte for byte.
func TestLive(t *testing.T) {
	s := live.NeedStart(t, "redis", live.NeedRedis(t), "--save", "", "--rdbcompression", "no", "--enable-debug-command", "yes")
	conn, err := s.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	do := func(args ...string) live.Reply {
		t.Helper()
		r, err := conn.Do(args...)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, fill := range []int{-3, -2, -1, 0, 1, 7, 128, 2000} {
		do("CONFIG", "SET", "list-max-listpack-size", fmt.Sprint(fill))
		for _, head := range []int{0, 50, 100} { // percent pushed at the head
			rnd := rand.New(rand.NewPCG(*seedFlag, uint64(fill+10)))
			m := newModel(t, fill, 0)
			elem := elements(rnd, 3000)
			do("DEL", "k")
			for range 1500 {
				x := elem()
				if rnd.IntN(100) < head {
					m.pushHead(x)
					do("LPUSH", "k", x)
				} else {
					m.pushTail(x)
					do("RPUSH", "k", x)
				}
			}
			m.verify()
			_, data, err := dumpNodes([]byte(do("DUMP", "k").Str))
			if err != nil {
				t.Fatal(err)
			}
			if len(data) != m.l.Nodes() {
				t.Errorf("fill %d, %d%% at the head: %d nodes, theirs %d", fill, head, m.l.Nodes(), len(data))
			}
			for i := range min(len(data), m.l.Nodes()) {
				if n := m.l.Node(i); string(n.Data) != data[i] {
					t.Errorf("fill %d, %d%% at the head: node %d of %d elements, %d bytes; theirs has %d bytes", fill, head, i, n.Count, n.Size, len(data[i]))
					break
				}
			}
			info := do("DEBUG", "OBJECT", "k").Str
			own := m.l.Info()
			for _, want := range []string{
				fmt.Sprintf("ql_nodes:%d ", own.Nodes), fmt.Sprintf("ql_avg_node:%.2f ", own.AvgNode),
				fmt.Sprintf("ql_listpack_max:%d ", own.Fill), "ql_compressed:0 ", fmt.Sprintf("ql_uncompressed_size:%d", own.RawBytes),
			} {
				if !strings.Contains(info, want) {
					t.Errorf("fill %d: DEBUG OBJECT says %s, here %s", fill, info, want)
				}
			}
			m.free()
		}
	}
}
