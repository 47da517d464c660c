// Package client drives the server with go-redis, as an application would. It is a module of its own, so that the
// server's module needs no client library.
package client

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// addr is the server that all tests share: $GRANARY_BIN, or one built from this tree.
var (
	addr, socket, tlsAddr string
	tlsConfig             *tls.Config
)

func TestMain(m *testing.M) { os.Exit(runAll(m)) }

func runAll(m *testing.M) int {
	dir, err := os.MkdirTemp("", "granary-client-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	bin := os.Getenv("GRANARY_BIN")
	if bin == "" {
		bin = filepath.Join(dir, "granary")
		build := exec.Command("go", "build", "-o", bin, "./cmd/granary")
		build.Dir = filepath.Join("..", "..")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building the server: %v\n%s", err, out)
			return 1
		}
	}
	var ports [2]string
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		ports[i] = strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
		l.Close()
	}
	if tlsConfig, err = certificate(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	addr, tlsAddr, socket = "127.0.0.1:"+ports[0], "127.0.0.1:"+ports[1], filepath.Join(dir, "socket")
	server := exec.Command(bin, "--port", ports[0], "--unixsocket", socket, "--save", "", "--dir", dir,
		"--tls-port", ports[1], "--tls-cert-file", filepath.Join(dir, "crt"), "--tls-key-file", filepath.Join(dir, "key"), "--tls-auth-clients", "no")
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer server.Wait()
	defer server.Process.Kill()
	c := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1})
	defer c.Close()
	for deadline := time.Now().Add(10 * time.Second); c.Ping(context.Background()).Err() != nil; {
		if time.Now().After(deadline) {
			fmt.Fprintln(os.Stderr, "the server does not answer")
			return 1
		}
		time.Sleep(10 * time.Millisecond)
	}
	return m.Run()
}

// certificate writes a certificate that signs itself, and its key, and returns what a client has to know of it.
func certificate(dir string) (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	kder, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	crt := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(filepath.Join(dir, "crt"), crt, 0o600); err != nil {
		return nil, err
	}
	c := &tls.Config{RootCAs: x509.NewCertPool()}
	c.RootCAs.AppendCertsFromPEM(crt)
	return c, os.WriteFile(filepath.Join(dir, "key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: kder}), 0o600)
}

// each runs the test over RESP2, RESP3, a Unix socket and TLS, on empty data.
func each(t *testing.T, test func(t *testing.T, ctx context.Context, c *redis.Client)) {
	t.Helper()
	for name, o := range map[string]*redis.Options{
		"resp2": {Addr: addr, Protocol: 2},
		"resp3": {Addr: addr, Protocol: 3, ClientName: "tester"},
		"unix":  {Network: "unix", Addr: socket, Protocol: 3},
		"tls":   {Addr: tlsAddr, Protocol: 3, TLSConfig: tlsConfig},
	} {
		t.Run(name, func(t *testing.T) {
			c := redis.NewClient(o)
			defer c.Close()
			if err := c.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			test(t, t.Context(), c)
		})
	}
}

func ok[T comparable](t *testing.T, got T, err error, want T) {
	t.Helper()
	if err != nil || got != want {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

func TestStrings(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context, c *redis.Client) {
		check := func(cmd interface {
			Result() (string, error)
		}, want string,
		) {
			t.Helper()
			got, err := cmd.Result()
			ok(t, got, err, want)
		}
		check(c.Set(ctx, "k", "v", 0), "OK")
		check(c.Get(ctx, "k"), "v")
		if err := c.Get(ctx, "missing").Err(); err != redis.Nil {
			t.Errorf("a missing key gave %v", err)
		}
		check(c.SetArgs(ctx, "k", "w", redis.SetArgs{Get: true, KeepTTL: true}), "v")
		if err := c.SetArgs(ctx, "k", "x", redis.SetArgs{Mode: "NX"}).Err(); err != redis.Nil {
			t.Errorf("SET NX on a key that exists gave %v", err)
		}
		check(c.GetDel(ctx, "k"), "w")
		n, err := c.Incr(ctx, "n").Result()
		ok(t, n, err, 1)
		n, err = c.IncrBy(ctx, "n", 41).Result()
		ok(t, n, err, 42)
		f, err := c.IncrByFloat(ctx, "n", 0.5).Result()
		ok(t, f, err, 42.5)
		n, err = c.Append(ctx, "a", "hello").Result()
		ok(t, n, err, 5)
		check(c.GetRange(ctx, "a", 1, 3), "ell")
		n, err = c.SetRange(ctx, "a", 5, " world").Result()
		ok(t, n, err, 11)
		if err := c.MSet(ctx, "x", 1, "y", "two").Err(); err != nil {
			t.Error(err)
		}
		values, err := c.MGet(ctx, "x", "missing", "y").Result()
		if err != nil || len(values) != 3 || values[0] != "1" || values[1] != nil || values[2] != "two" {
			t.Errorf("MGET gave %v, %v", values, err)
		}
		big := strings.Repeat("0123456789", 200_000)
		check(c.Set(ctx, "big", big, 0), "OK")
		check(c.Get(ctx, "big"), big)
	})
}

func TestPipeline(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context, c *redis.Client) {
		const n = 5000
		var gets []*redis.StringCmd
		_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i := range n {
				p.Set(ctx, fmt.Sprint("k", i), i, time.Hour)
			}
			for i := range n {
				gets = append(gets, p.Get(ctx, fmt.Sprint("k", i)))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, g := range gets {
			if g.Val() != fmt.Sprint(i) {
				t.Fatalf("k%d is %q", i, g.Val())
			}
		}
		size, err := c.DBSize(ctx).Result()
		ok(t, size, err, n)
	})
}

func TestKeys(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context, c *redis.Client) {
		want := map[string]bool{}
		for i := range 3000 {
			k := fmt.Sprint("key:", i)
			want[k] = true
			if err := c.Set(ctx, k, i, 0).Err(); err != nil {
				t.Fatal(err)
			}
		}
		it := c.ScanType(ctx, 0, "key:*", 100, "string").Iterator()
		for it.Next(ctx) {
			delete(want, it.Val())
		}
		if it.Err() != nil || len(want) > 0 {
			t.Errorf("SCAN missed %d keys, %v", len(want), it.Err())
		}
		enc, err := c.ObjectEncoding(ctx, "key:7").Result()
		ok(t, enc, err, "int")
		typ, err := c.Type(ctx, "key:7").Result()
		ok(t, typ, err, "string")
		set, err := c.Expire(ctx, "key:7", time.Minute).Result()
		ok(t, set, err, true)
		set, err = c.ExpireGT(ctx, "key:7", time.Second).Result()
		ok(t, set, err, false)
		if d, err := c.TTL(ctx, "key:7").Result(); err != nil || d < 59*time.Second || d > time.Minute {
			t.Errorf("TTL gave %v, %v", d, err)
		}
		set, err = c.Persist(ctx, "key:7").Result()
		ok(t, set, err, true)
		d, err := c.TTL(ctx, "key:7").Result()
		ok(t, d, err, -1)
		copied, err := c.Copy(ctx, "key:7", "copy", 0, true).Result()
		ok(t, copied, err, 1)
		renamed, err := c.RenameNX(ctx, "copy", "key:8").Result()
		ok(t, renamed, err, false)
		n, err := c.Exists(ctx, "copy", "copy", "missing").Result()
		ok(t, n, err, 2)
		n, err = c.Unlink(ctx, "copy", "key:1", "missing").Result()
		ok(t, n, err, 2)
		keys, err := c.Keys(ctx, "key:299?").Result()
		if err != nil || len(keys) != 10 {
			t.Errorf("KEYS gave %v, %v", keys, err)
		}
		usage, err := c.MemoryUsage(ctx, "key:7").Result()
		if err != nil || usage < 5 || usage > 100 {
			t.Errorf("MEMORY USAGE gave %d, %v", usage, err)
		}
	})
}

// TestExpiry waits for keys to go, read or not.
func TestExpiry(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context, c *redis.Client) {
		for i := range 200 {
			if err := c.Set(ctx, fmt.Sprint("k", i), "v", 30*time.Millisecond).Err(); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(60 * time.Millisecond)
		if err := c.Get(ctx, "k0").Err(); err != redis.Nil {
			t.Errorf("an expired key gave %v", err)
		}
		for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			n, err := c.DBSize(ctx).Result()
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d expired keys are still there", n)
			}
		}
	})
}

func TestBitmaps(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context, c *redis.Client) {
		old, err := c.SetBit(ctx, "b", 100, 1).Result()
		ok(t, old, err, 0)
		n, err := c.BitCount(ctx, "b", &redis.BitCount{Start: 0, End: -1}).Result()
		ok(t, n, err, 1)
		n, err = c.BitPos(ctx, "b", 1).Result()
		ok(t, n, err, 100)
		n, err = c.BitOpNot(ctx, "d", "b").Result()
		ok(t, n, err, 13)
		fields, err := c.BitField(ctx, "f", "INCRBY", "i5", "100", "1", "GET", "u4", "0").Result()
		if err != nil || !slices.Equal(fields, []int64{1, 0}) {
			t.Errorf("BITFIELD gave %v, %v", fields, err)
		}
	})
}

func TestServer(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context, c *redis.Client) {
		info, err := c.Info(ctx, "memory").Result()
		if err != nil || !strings.Contains(info, "used_memory:") {
			t.Errorf("INFO gave %.80q, %v", info, err)
		}
		all, err := c.Command(ctx).Result()
		if err != nil || all["get"] == nil || all["get"].Arity != 2 || !all["get"].ReadOnly {
			t.Errorf("COMMAND gave %d commands, %v", len(all), err)
		}
		conf, err := c.ConfigGet(ctx, "maxmemory*").Result()
		if err != nil || conf["maxmemory"] != "0" || conf["maxmemory-policy"] != "noeviction" {
			t.Errorf("CONFIG GET gave %v, %v", conf, err)
		}
		if _, err := c.Time(ctx).Result(); err != nil {
			t.Error(err)
		}
		list, err := c.ClientList(ctx).Result()
		if err != nil || !strings.Contains(list, "lib-name=go-redis") {
			t.Errorf("CLIENT LIST gave %q, %v", list, err)
		}
		if _, err := c.SlowLogGet(ctx, 10).Result(); err != nil {
			t.Error(err)
		}
		err = c.Do(ctx, "NOSUCH", "x").Err()
		if err == nil || !strings.HasPrefix(err.Error(), "ERR unknown command 'NOSUCH'") {
			t.Errorf("an unknown command gave %v", err)
		}
	})
}

// TestManyClients runs increments from many connections and loses none.
func TestManyClients(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context, c *redis.Client) {
		const clients, times = 50, 200
		errs := make(chan error, clients)
		for range clients {
			go func() {
				for range times {
					if err := c.Incr(ctx, "n").Err(); err != nil {
						errs <- err
						return
					}
				}
				errs <- nil
			}()
		}
		for range clients {
			if err := <-errs; err != nil {
				t.Fatal(err)
			}
		}
		n, err := c.Get(ctx, "n").Int()
		ok(t, n, err, clients*times)
	})
}
