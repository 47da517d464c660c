package script

import "testing"

// echo is a Host without a server: every command answers its last argument.
type echo struct {
	reply  []byte
	late   func() string
	to     int
	log    []string
	panics bool
}

func (e *echo) Call(args [][]byte, proto uint8) []byte {
	if e.panics {
		panic("BUG: host")
	}
	if e.reply == nil {
		return []byte("$3\r\nabc\r\n")
	}
	return e.reply
}
func (e *echo) Log(level int, text string)         { e.log = append(e.log, text) }
func (e *echo) SetRepl(to int)                     { e.to = to }
func (e *echo) MayCall([][]byte) (may, known bool) { return true, true }
func (e *echo) Late() string {
	if e.late != nil {
		return e.late()
	}
	return ""
}

func bench(b *testing.B, source string) {
	in := New(Scripts, Version{"7.4.0", 0x70400}, 256<<20)
	f, err := in.Compile(source, "user_script")
	if err != nil {
		b.Fatal(err)
	}
	h := &echo{}
	keys := [][]byte{[]byte("key:1")}
	b.ReportAllocs()
	for b.Loop() {
		if r := in.Run(f, h, keys, nil); r.Err != nil {
			b.Fatal(r.Err)
		}
	}
}

func BenchmarkReturn(b *testing.B) { bench(b, "return 1") }
func BenchmarkCall(b *testing.B)   { bench(b, "return redis.call('GET', KEYS[1])") }
func BenchmarkLoop(b *testing.B)   { bench(b, "local s=0 for i=1,1000 do s=s+i end return s") }
