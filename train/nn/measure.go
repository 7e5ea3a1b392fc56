package nn

import (
	"context"
	"iter"
	"math"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/data"
)

// Measure sets the running statistics of the batch norms to those of the images,
// under the weights as they are: each layer's mean and variance over all images,
// where every batch is normalised by its own statistics, as in training, and dropout
// does not drop. Running averages lag behind weights that change; these do not.
// Batch norms that are frozen stay as they are. After an error all of them do.
func (n *Network) Measure(ctx context.Context, images iter.Seq2[*data.Batch, error]) error {
	if len(n.stats) == 0 || n.cfg.FrozenBatchNorm {
		return nil
	}
	for _, s := range n.stats {
		copy(s.before, s.now)
	}
	err := n.measure(ctx, images)
	if err != nil {
		n.restoreStats()
	}
	return err
}

func (n *Network) measure(ctx context.Context, images iter.Seq2[*data.Batch, error]) error {
	var all moments
	for b, err := range images {
		if err != nil {
			return err
		}
		p, err := n.prepare(ctx, b, measuring)
		if err != nil {
			return err
		}
		n.feed(p, b)
		if err := p.Run(); err != nil {
			return err
		}
		if err := n.statisticsFinite(train.Measuring, b); err != nil {
			return err
		}
		all.add(n.stats, b.N)
	}
	all.write(n.stats)
	return nil
}

// moments are sums over batches of what batch norms noted, by statistic and channel.
type moments struct {
	weight       float64 // images
	sum, squares [][]float64
}

func (m *moments) add(stats []statistic, images int) {
	w := float64(images)
	for i, s := range stats {
		if m.weight == 0 {
			m.sum = append(m.sum, make([]float64, len(s.now)))
			m.squares = append(m.squares, make([]float64, len(s.now)))
		}
		for c, v := range s.now {
			v := float64(v)
			if before := m.sum[i][c] / math.Max(m.weight, 1); m.weight > 0 {
				// West 1979: the squares around the mean, without cancellation.
				m.squares[i][c] += (v - before) * (v - before) * w * m.weight / (m.weight + w)
			}
			m.sum[i][c] += w * v
		}
	}
	m.weight += w
}

// write sets the statistics. The variance over all images is the mean of those of
// the batches and the variance of their means.
func (m *moments) write(stats []statistic) {
	if m.weight == 0 {
		return
	}
	for i, s := range stats {
		for c := range s.now {
			v := m.sum[i][c] / m.weight
			if s.mean >= 0 {
				v += m.squares[s.mean][c] / m.weight
			}
			s.now[c] = float32(v)
		}
	}
}
