package serve

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	s := served(t, newColourist(), Options{})
	plain, secure := httptest.NewServer(s), httptest.NewTLSServer(s)
	defer plain.Close()
	defer secure.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(plain.URL, "http://"), ":")
	for _, address := range []string{strings.TrimPrefix(plain.URL, "http://"), "0.0.0.0:" + port,
		":" + port} {
		if err := Check(t.Context(), address, false); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := Check(t.Context(), strings.TrimPrefix(secure.URL, "https://"), true); err != nil {
		t.Error(err)
	}
	s.draining.Store(true)
	err := Check(t.Context(), "127.0.0.1:"+port, false)
	if err == nil || !strings.Contains(err.Error(), "got 503") {
		t.Errorf("got %v from a server that ends", err)
	}
	plain.Close()
	if err := Check(t.Context(), "127.0.0.1:"+port, false); err == nil {
		t.Error("nothing was ready")
	}
	if err := Check(t.Context(), "nowhere", false); err == nil {
		t.Error("an address without a port was asked")
	}
}
