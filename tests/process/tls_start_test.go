package process

import (
	"net"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"granary/tests/live"
)

// TestTLSPortFirst checks that whoever waits until port can be connected to can then connect to tls-port.
func TestTLSPortFirst(t *testing.T) {
	path, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	a := newAuthority(t)
	for range 10 {
		plain, err := live.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		secure, err := live.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(path, "--port", strconv.Itoa(plain), "--tls-port", strconv.Itoa(secure), "--bind", "127.0.0.1",
			"--save", "", "--dir", t.TempDir(), "--tls-cert-file", a.path("server.crt"), "--tls-key-file", a.path("server.key"),
			"--tls-ca-cert-file", a.path("ca.crt"))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		stop := func() {
			cmd.Process.Kill()
			cmd.Wait()
		}
		c, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(plain))
		for deadline := time.Now().Add(20 * time.Second); err != nil; c, err = net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(plain)) {
			if time.Now().After(deadline) {
				stop()
				t.Fatal(err)
			}
			time.Sleep(100 * time.Microsecond)
		}
		c.Close()
		c, err = net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(secure))
		if err == nil {
			c.Close()
		}
		stop()
		if err != nil {
			t.Fatal(err)
		}
	}
}
