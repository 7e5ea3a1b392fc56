package serve

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/flowerctl/flowerctl/infer/serve/inference"
)

func loopback(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestRunDrains(t *testing.T) {
	c, goOn, running := newColourist(), make(chan struct{}), make(chan struct{}, 10)
	s := New(Options{})
	if err := s.Put(t.Context(), "model", "1", &Model{Classifier: c, MaxBatch: 1}); err != nil {
		t.Fatal(err)
	}
	c.before = func() {
		running <- struct{}{}
		<-goOn
	}
	ctx, cancel := context.WithCancel(t.Context())
	l := Listeners{HTTP: loopback(t), GRPC: loopback(t), Pprof: loopback(t)}
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, l) }()
	address := "http://" + l.HTTP.Addr().String()
	answered := make(chan string, 1)
	go func() {
		resp, err := http.Post(address+"/predict", "image/png", bytes.NewReader(painted(t, red)))
		if err != nil {
			answered <- err.Error()
			return
		}
		answered <- said(t, resp, 200)
	}()
	conn, err := grpc.NewClient(l.GRPC.Addr().String(),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	called := make(chan error, 1)
	go func() {
		_, err := inference.NewGRPCInferenceServiceClient(conn).ModelInfer(t.Context(),
			asked(painted(t, red)))
		called <- err
	}()
	<-running
	for s.models.models["model"].versions["1"].batcher.waiting() < 2 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	for s.Ready() {
		time.Sleep(time.Millisecond)
	}
	close(goOn)
	if got := <-answered; !strings.Contains(got, `"label":"red"`) {
		t.Errorf("the request that was there got %s", got)
	}
	if err := <-called; err != nil {
		t.Errorf("the call that was there got %v", err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if c.closed.Load() != 1 {
		t.Error("the model was not closed")
	}
	if _, err := http.Get(address + "/labels"); err == nil {
		t.Error("a request was taken after the end")
	}
}

func TestPprofIsForTheMachineAlone(t *testing.T) {
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := New(Options{}).Run(t.Context(), Listeners{Pprof: l}); err == nil ||
		!strings.Contains(err.Error(), "want a loopback address") {
		t.Errorf("got %v", err)
	}
}

// issued writes a certificate for 127.0.0.1, of that name and signed by itself.
func issued(t *testing.T, dir, name string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		IsCA:      true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	put(t, cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	put(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	return cert, key
}

func TestCertificatesFollowTheirFiles(t *testing.T) {
	server, client := t.TempDir(), t.TempDir()
	cert, key := issued(t, server, "first")
	clientCert, clientKey := issued(t, client, "client")
	f := &follower{files: Certificates{Cert: cert, Key: key, ClientCA: clientCert,
		Log: slog.New(slog.DiscardHandler)}}
	if err := f.load(); err != nil {
		t.Fatal(err)
	}
	name := func() string {
		f.checked = time.Time{}
		leaf, err := x509.ParseCertificate(f.current().Certificates[0].Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return leaf.Subject.CommonName
	}
	want(t, name(), "first")
	put(t, cert, "no certificate")
	want(t, name(), "first")
	issued(t, server, "the second")
	want(t, name(), "the second")

	config, err := Certificates{Cert: cert, Key: key, ClientCA: clientCert}.Config()
	if err != nil {
		t.Fatal(err)
	}
	s := served(t, newColourist(), Options{})
	ctx, cancel := context.WithCancel(t.Context())
	l := Listeners{HTTP: loopback(t), TLS: config}
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, l) }()
	defer func() {
		cancel()
		<-ended
	}()
	roots, err := authorities(cert)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(clientCert, clientKey)
	if err != nil {
		t.Fatal(err)
	}
	get := func(c *tls.Config) (*http.Response, error) {
		transport := &http.Transport{TLSClientConfig: c, ForceAttemptHTTP2: true}
		defer transport.CloseIdleConnections()
		return (&http.Client{Transport: transport}).Get("https://" + l.HTTP.Addr().String() +
			"/v2/health/ready")
	}
	if _, err := get(&tls.Config{RootCAs: roots}); err == nil {
		t.Error("a client without a certificate was let in")
	}
	resp, err := get(&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	want(t, said(t, resp, 200)+resp.Proto, `{"ready":true}HTTP/2.0`)
}

func TestKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	put(t, path, "\ufeff# who may ask\nanna a-key-of-sixteen-letters\n\n"+
		"bert sha256:2c7ad0ef1f62a3d2cbca4ee4ce2a07fc6c1a9c8f0ce3ac0bb0ae8ba0dd9ac4b6\n")
	var log bytes.Buffer
	keys, err := OpenKeys(path, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	s := served(t, newColourist(), Options{Keys: keys, Log: slog.New(slog.NewTextHandler(&log, nil))})
	said(t, answerTo(s, sent("GET", "/v2/health/ready", nil)), 200)
	resp := answerTo(s, sent("GET", "/labels", nil))
	refused(t, resp, 401, "no such key")
	want(t, resp.Header.Get("WWW-Authenticate"), "Bearer")
	refused(t, answerTo(s, sent("GET", "/labels", nil, "X-Api-Key", "another")), 401, "no such key")
	refused(t, answerTo(s, sent("GET", "/metrics", nil, "Authorization",
		"Basic a-key-of-sixteen-letters")), 401, "no such key")
	said(t, answerTo(s, sent("GET", "/labels", nil, "X-Api-Key", "a-key-of-sixteen-letters")), 200)
	said(t, answerTo(s, sent("GET", "/labels", nil, "Authorization",
		"Bearer a-key-of-sixteen-letters")), 200)
	if text := log.String(); !strings.Contains(text, "client=anna") ||
		strings.Contains(text, "sixteen") {
		t.Errorf("the log says %s", text)
	}
	client := inference.NewGRPCInferenceServiceClient(connected(t, s))
	if _, err := client.ServerReady(t.Context(), &inference.ServerReadyRequest{}); err != nil {
		t.Error(err)
	}
	if _, err := client.ModelInfer(t.Context(),
		asked(painted(t, red))); status.Code(err) != codes.Unauthenticated {
		t.Errorf("got %v, want Unauthenticated", err)
	}
	shown := metadata.AppendToOutgoingContext(t.Context(), "authorization",
		"Bearer a-key-of-sixteen-letters")
	if _, err := client.ModelInfer(shown, asked(painted(t, red))); err != nil {
		t.Error(err)
	}
	put(t, path, "anna another-key-of-some-letters\n")
	keys.checked = time.Time{}
	refused(t, answerTo(s, sent("GET", "/labels", nil, "X-Api-Key", "a-key-of-sixteen-letters")),
		401, "no such key")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	keys.checked = time.Time{}
	said(t, answerTo(s, sent("GET", "/labels", nil, "X-Api-Key", "another-key-of-some-letters")), 200)
	for _, bad := range []string{"", "anna", "anna short", "anna sha256:12"} {
		if _, err := parseKeys([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestABodyThatDoesNotComeIsGivenUp(t *testing.T) {
	s := served(t, newColourist(), Options{Limits: Limits{Timeout: 100 * time.Millisecond}})
	ctx, cancel := context.WithCancel(t.Context())
	l := Listeners{HTTP: loopback(t)}
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, l) }()
	defer func() {
		cancel()
		<-ended
	}()
	conn, err := net.Dial("tcp", l.HTTP.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nslow")); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, resp, 408, "did not come within the deadline")

	// Nor does a body that nobody wants hold its connection.
	other, err := net.Dial("tcp", l.HTTP.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.Write([]byte("POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nslow")); err != nil {
		t.Fatal(err)
	}
	if resp, err = http.ReadResponse(bufio.NewReader(other), nil); err != nil {
		t.Fatal(err)
	}
	refused(t, resp, 404, "nothing is at /nothing")
}
