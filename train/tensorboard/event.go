package tensorboard

import (
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Numbers of fields, from event.proto, summary.proto, tensor.proto and tensor_shape.proto
// of TensorFlow.
const (
	eventTime, eventStep, eventVersion, eventSummary, eventSession = 1, 2, 3, 5, 7

	summaryValue                                     = 1
	valueTag, valueSimple, valueTensor, valueDetails = 1, 2, 8, 9
	detailsPlugin, pluginName, pluginContent         = 1, 1, 2
	tensorType, tensorShape                          = 1, 2
	tensorString, shapeDim                           = 8, 2

	sessionStatus, sessionStart = 1, 1
	typeFloat, typeString       = 1, 7
)

// Numbers of fields of HParamsPluginData, in tensorboard/plugins/hparams/plugin_data.proto,
// and of google.protobuf.Value.
const (
	paramsStart, startParams, startTime        = 3, 1, 5
	entryKey, entryValue                       = 1, 2
	protoNumber, protoText, protoBool          = 2, 3, 4
	startTag                                   = "_hparams_/session_start_info"
	textPlugin, settingsPlugin, currentVersion = "text", "hparams", "brain.Event:2"
)

// event is an Event without its time.
type event struct {
	step   int64
	fields []byte // encoded, of numbers over that of step
}

func (e event) encode(at time.Time) []byte {
	b := protowire.AppendTag(nil, eventTime, protowire.Fixed64Type)
	b = protowire.AppendFixed64(b, math.Float64bits(seconds(at)))
	if e.step != 0 { // proto3 leaves 0 out
		b = varint(b, eventStep, uint64(e.step))
	}
	return append(b, e.fields...)
}

// seconds is a time as TensorFlow has it, to the microsecond.
func seconds(at time.Time) float64 { return float64(at.UnixMicro()) / 1e6 }

func varint(b []byte, number protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), v)
}

func message(b []byte, number protowire.Number, m []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), m)
}

func text(b []byte, number protowire.Number, s string) []byte {
	return message(b, number, []byte(s))
}

// fileVersion is the event that a file begins with.
func fileVersion() event { return event{fields: text(nil, eventVersion, currentVersion)} }

func restartEvent(step int64) event {
	return event{step, message(nil, eventSession, varint(nil, sessionStatus, sessionStart))}
}

func scalarsEvent(step int64, values []Scalar) event {
	var summary []byte
	for _, v := range values {
		value := text(nil, valueTag, v.Tag)
		value = protowire.AppendTag(value, valueSimple, protowire.Fixed32Type)
		value = protowire.AppendFixed32(value, math.Float32bits(float32(v.Value)))
		summary = message(summary, summaryValue, value)
	}
	return event{step, message(nil, eventSummary, summary)}
}

// tensorEvent is a summary of one tensor, for a plugin.
func tensorEvent(tag string, tensor []byte, plugin string, content []byte) event {
	data := text(nil, pluginName, plugin)
	if len(content) > 0 {
		data = message(data, pluginContent, content)
	}
	value := message(text(nil, valueTag, tag), valueTensor, tensor)
	value = message(value, valueDetails, message(nil, detailsPlugin, data))
	return event{0, message(nil, eventSummary, message(nil, summaryValue, value))}
}

func textEvent(tag, markdown string) event {
	tensor := message(varint(nil, tensorType, typeString), tensorShape, nil) // a scalar
	return tensorEvent(tag, text(tensor, tensorString, markdown), textPlugin, nil)
}

// Setting is a setting of a run with its value.
type Setting struct {
	Name  string
	Value Value
}

// Value is a number, or true or false, or text.
type Value struct {
	Number *float64
	Bool   *bool
	Text   string // where both others are nil
}

// encode is the value as a google.protobuf.Value.
func (v Value) encode() []byte {
	switch {
	case v.Number != nil:
		b := protowire.AppendTag(nil, protoNumber, protowire.Fixed64Type)
		return protowire.AppendFixed64(b, math.Float64bits(*v.Number))
	case v.Bool != nil:
		return varint(nil, protoBool, protowire.EncodeBool(*v.Bool))
	}
	return text(nil, protoText, v.Text)
}

func settingsEvent(settings []Setting, at time.Time) event {
	var start []byte
	for _, s := range settings {
		entry := message(text(nil, entryKey, s.Name), entryValue, s.Value.encode())
		start = message(start, startParams, entry)
	}
	start = protowire.AppendTag(start, startTime, protowire.Fixed64Type)
	start = protowire.AppendFixed64(start, math.Float64bits(seconds(at)))
	// The tensor means nothing: none of float32, as TensorBoard's own writer has it.
	tensor := message(varint(nil, tensorType, typeFloat), tensorShape, message(nil, shapeDim, nil))
	return tensorEvent(startTag, tensor, settingsPlugin, message(nil, paramsStart, start))
}
