package serve

import (
	"bytes"
	"context"
	"image/png"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/heatmaps"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/table"
)

// explain draws over a picture what speaks for a class: that of the query, by name or
// index, or the most probable one. The class and the method stand in the headers.
func (s *Server) explain(w http.ResponseWriter, r *http.Request) error {
	v, leave, err := s.chosen(r, "class")
	if err != nil {
		return err
	}
	defer leave()
	o, err := s.order(w, r, v)
	if err != nil {
		return err
	}
	if len(o.pictures) != 1 {
		o.release()
		return badf("got %s, want one", table.Count(len(o.pictures), "picture"))
	}
	photograph, release := o.pictures[0].data, o.body
	var holders atomic.Int32 // of the body: the answer, which may go on alone, and the drawing
	holders.Store(2)
	let := func() {
		if holders.Add(-1) == 0 {
			release()
		}
	}
	defer let()
	o.body = let
	j, err := s.answer(r.Context(), v, o)
	if err == nil {
		err = j.out[0].err
	}
	if err != nil {
		return err
	}
	class := j.out[0].answer.Best()
	if asked := r.URL.Query().Get("class"); asked != "" {
		if class, err = classOf(asked, v.labels); err != nil {
			return err
		}
	}
	return s.draw(w, r, v, j.images[0], photograph, class)
}

func noExplanations(http.ResponseWriter, *http.Request) error {
	return errorf(http.StatusNotFound,
		"nothing is at /explain: explanations are off, serve --explain turns them on")
}

// draw answers with the map of a class over a photograph, of which the network sees img.
// One is made at a time, since it may take a hundred runs of the network.
func (s *Server) draw(w http.ResponseWriter, r *http.Request, v *version, img imageprep.Image,
	photograph []byte, class int) error {
	select {
	case s.explains <- struct{}{}:
		defer func() { <-s.explains }()
	default:
		return busy("another explanation is being made")
	}
	heat, err := v.Classifier.Explain(r.Context(), img, class)
	if err != nil {
		return err
	}
	drawn, err := s.overPhotograph(r.Context(), heat, photograph, v.prep)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("X-Flowerctl-Label", url.QueryEscape(v.labels[class]))
	w.Header().Set("X-Flowerctl-Method", string(heat.Method))
	w.Write(drawn) // a client that went away does not hear of it
	return nil
}

// overPhotograph is a PNG file of the heat over a photograph, as predict --explain draws
// it. It takes one of the places for decoding.
func (s *Server) overPhotograph(ctx context.Context, heat infer.Heat, photograph []byte,
	prep imageprep.Config) ([]byte, error) {
	select {
	case s.decoders <- struct{}{}:
		defer func() { <-s.decoders }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	img, err := s.images.Fit(imageprep.Bytes(photograph), heatmaps.LongestSide)
	if err != nil {
		return nil, pictureError(err)
	}
	var drawn bytes.Buffer
	err = png.Encode(&drawn, heat.OverPhotograph(img, prep))
	return drawn.Bytes(), err
}

// classOf is the index of a class.
func classOf(asked string, labels []string) (int, error) {
	for i, label := range labels {
		if label == asked {
			return i, nil
		}
	}
	if i, err := strconv.Atoi(asked); err == nil && i >= 0 && i < len(labels) {
		return i, nil
	}
	return 0, badf("class: got %q, want a label or 0 to %d", asked, len(labels)-1)
}
