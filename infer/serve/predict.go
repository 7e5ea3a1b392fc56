package serve

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/flowerctl/flowerctl/infer"
)

// unknown is the answer when the network is less certain than asked for.
const unknown = "unknown"

// prediction is what /predict says of a picture.
type prediction struct {
	File        string        `json:"file,omitempty"`
	Label       string        `json:"label,omitempty"`
	Probability float32       `json:"probability,omitempty"`
	Unknown     bool          `json:"unknown,omitempty"` // a class may have that label too
	Top         []infer.Class `json:"top,omitempty"`
	Error       string        `json:"error,omitempty"`

	// Of a model of several labels a picture: those over their threshold, and all.
	Labels        *[]infer.Class `json:"labels,omitempty"`
	Probabilities []infer.Label  `json:"probabilities,omitempty"`
}

// predictions is the answer of /predict.
type predictions struct {
	Model   string       `json:"model"`
	Version string       `json:"version"`
	Results []prediction `json:"results"`
}

// predict answers for one picture, the body, or for each part of a multipart one.
// With one picture, what is wrong with it is the request's error; with several, each
// has its answer or its error.
func (s *Server) predict(w http.ResponseWriter, r *http.Request) error {
	v, leave, err := s.chosen(r, "top", "min-confidence")
	if err != nil {
		return err
	}
	defer leave()
	query := r.URL.Query()
	top, err := topOf(query, len(v.labels))
	if err != nil {
		return err
	}
	certain, err := confidenceOf(query, v.UnknownBelow)
	if err != nil {
		return err
	}
	o, err := s.order(w, r, v)
	if err != nil {
		return err
	}
	j, err := s.answer(r.Context(), v, o)
	if err != nil {
		return err
	}
	if len(j.out) == 1 && j.out[0].err != nil {
		return j.out[0].err
	}
	result := predictions{Model: v.name, Version: v.number}
	for i, o := range j.out {
		result.Results = append(result.Results, predictionOf(j.pictures[i].name, o, top, certain))
	}
	writeJSON(w, http.StatusOK, result)
	return nil
}

func predictionOf(name string, o outcome, top int, certain float64) prediction {
	if o.err != nil {
		return prediction{File: name, Error: asError(o.err).Text}
	}
	if o.answer.MultiLabel() {
		present := o.answer.Present(certain)
		return prediction{File: name, Labels: &present, Probabilities: o.answer.Labels(certain)}
	}
	p := prediction{File: name, Top: o.answer.Top(top)}
	p.Label, p.Probability = p.Top[0].Label, p.Top[0].Probability
	if float64(p.Probability) < certain {
		p.Label, p.Unknown = unknown, true
	}
	return p
}

// chosen is the version that a plain route's query names, or the first model's. A query
// may have the parameters model and version, and those that are the route's own, each
// once: another is one misspelt, or meant for another server.
func (s *Server) chosen(r *http.Request, own ...string) (*version, func(), error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, nil, badf("got the query %q, want name=value&name=value", oneLine(r.URL.RawQuery))
	}
	known := append(own, "model", "version")
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !slices.Contains(known, name) {
			return nil, nil, badf("got a parameter %q, want %s", name, strings.Join(known, ", "))
		}
		if n := len(query[name]); n > 1 {
			return nil, nil, badf("got the parameter %s %d times, want it once", name, n)
		}
	}
	v, leave, err := s.models.use(query.Get("model"), query.Get("version"))
	if err != nil {
		return nil, nil, err
	}
	exchangeOf(r.Context()).model = v.name
	return v, leave, nil
}

// topOf reads how many classes are wanted.
func topOf(query url.Values, classes int) (int, error) {
	text := query.Get("top")
	if text == "" {
		return 1, nil
	}
	top, err := strconv.Atoi(text)
	if err != nil || top < 1 {
		return 0, badf("top: got %q, want 1 or more", text)
	}
	return min(top, classes), nil
}

// confidenceOf reads below which probability the answer is unknown; otherwise is the
// model's own.
func confidenceOf(query url.Values, otherwise float64) (float64, error) {
	text := query.Get("min-confidence")
	if text == "" {
		return otherwise, nil
	}
	certain, err := strconv.ParseFloat(text, 64)
	if err != nil || !(certain >= 0 && certain <= 1) {
		return 0, badf("min-confidence: got %q, want 0 to 1", text)
	}
	return certain, nil
}

// order reads the pictures of a request within the limits.
func (s *Server) order(w http.ResponseWriter, r *http.Request, v *version) (o order, err error) {
	var ok bool
	if o.room, ok = v.batcher.admit(); !ok { // before the body is read
		return o, errFull
	}
	body, release, err := s.readBody(w, r, s.options.Limits.PictureBody)
	if err != nil {
		o.room.release()
		return o, err
	}
	o.body = release
	if o.pictures, err = s.split(r.Header.Get("Content-Type"), body); err == nil {
		err = s.permit(r, len(o.pictures))
	}
	if err != nil {
		o.release()
	}
	return o, err
}

// permit holds the number of pictures against the client's rate.
func (s *Server) permit(r *http.Request, pictures int) error {
	e := exchangeOf(r.Context())
	e.pictures = pictures
	return s.rates.allow(e.client, pictures)
}

// split finds the pictures in a body.
func (s *Server) split(contentType string, body []byte) ([]picture, error) {
	kind, parameters, err := mime.ParseMediaType(contentType)
	if strings.HasPrefix(kind, "multipart/") && (err != nil || parameters["boundary"] == "") {
		return nil, badf("Content-Type: got multipart without a boundary")
	}
	if !strings.HasPrefix(kind, "multipart/") {
		if len(body) == 0 {
			return nil, badf("no picture: the body is empty")
		}
		return []picture{{data: body}}, nil
	}
	var pictures []picture
	parts := multipart.NewReader(bytes.NewReader(body), parameters["boundary"])
	for {
		part, err := parts.NextRawPart()
		switch {
		case errors.Is(err, io.EOF) && len(pictures) == 0:
			return nil, badf("no picture: the body has no parts")
		case errors.Is(err, io.EOF):
			return pictures, nil
		case err != nil:
			return nil, badf("the multipart body is damaged")
		case len(pictures) == s.options.Limits.Pictures:
			return nil, s.tooMany(len(pictures) + 1)
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return nil, badf("the multipart body is damaged")
		}
		pictures = append(pictures, picture{name: partName(part), data: data})
	}
}

// tooMany is the error of a request of more pictures than are permitted.
func (s *Server) tooMany(n int) error {
	return errorf(statusTooLarge, "got %d pictures or more in a request, at most %d are answered", n,
		s.options.Limits.Pictures)
}

// partName is what a part's file is called, or else the part.
func partName(part *multipart.Part) string {
	if name := part.FileName(); name != "" {
		return oneLine(path.Base(name))
	}
	return oneLine(part.FormName())
}
