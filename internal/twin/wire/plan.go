package wire

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A plan moves values between trees and Go values of one shape and type. Plans
// are made once for each pair, and know their fields by index.
type plan struct {
	fill func(dst reflect.Value, v any) error       // dst is settable
	tree func(src reflect.Value) (v any, err error) // nil says absent
}

type planKey struct {
	shape *shape
	typ   reflect.Type
}

// A planner makes plans. A type may contain itself: the plan under work is
// found in made, and is whole before anything runs it.
type planner struct {
	made     map[planKey]*plan
	unions   []reflect.Type // members of unions
	problems []error
}

var (
	timeType   = reflect.TypeFor[time.Time]()
	bytesType  = reflect.TypeFor[[]byte]()
	readerType = reflect.TypeFor[io.Reader]()
)

// fail notes a problem and gives a plan that only says so.
func (p *planner) fail(path, format string, args ...any) plan {
	err := fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...))
	p.problems = append(p.problems, err)
	return plan{
		fill: func(reflect.Value, any) error { return err },
		tree: func(reflect.Value) (any, error) { return nil, err },
	}
}

// plan finds or makes the plan of a shape and type. Path is for messages.
func (p *planner) plan(s *shape, t reflect.Type, path string) *plan {
	key := planKey{s, t}
	if made := p.made[key]; made != nil {
		return made
	}
	result := &plan{}
	p.made[key] = result
	*result = p.make(s, t, path)
	return result
}

func (p *planner) make(s *shape, t reflect.Type, path string) plan {
	if t.Kind() == reflect.Pointer {
		return pointerPlan(t, p.plan(s, t.Elem(), path))
	}
	switch {
	case s.union:
		return p.unionPlan(s, t, path)
	case s.eventStream:
		return p.fail(path, "%s is an event stream, which is not spoken here", s.name)
	case s.kind == kindDocument:
		return p.fail(path, "%s is a document, which handlers cannot take", s.name)
	case s.kind == kindStruct && t.Kind() == reflect.Struct:
		return p.structPlan(s, t, path)
	case s.kind == kindList && t.Kind() == reflect.Slice:
		return listPlan(t, p.plan(s.elem.shape, t.Elem(), path+"[]"))
	case s.kind == kindMap && t.Kind() == reflect.Map && t.Key().Kind() == reflect.String:
		return mapPlan(t, p.plan(s.elem.shape, t.Elem(), path+"{}"))
	}
	if made, ok := scalarPlan(s, t); ok {
		return made
	}
	return p.fail(path, "%s does not fit %s", s.name, t)
}

func pointerPlan(t reflect.Type, elem *plan) plan {
	return plan{
		fill: func(dst reflect.Value, v any) error {
			fresh := reflect.New(t.Elem())
			dst.Set(fresh)
			return elem.fill(fresh.Elem(), v)
		},
		tree: func(src reflect.Value) (any, error) {
			if src.IsNil() {
				return nil, nil
			}
			return itemTree(elem, src.Elem())
		},
	}
}

type fieldPlan struct {
	member *member
	index  []int
	plan   *plan
}

// structPlan pairs members with fields; names differ in capitals only. A nil
// slice for a required list is an empty list.
func (p *planner) structPlan(s *shape, t reflect.Type, path string) plan {
	byName := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(t) {
		if f.IsExported() && !f.Anonymous {
			byName[strings.ToLower(f.Name)] = f
		}
	}
	var fields []fieldPlan
	for _, m := range s.members {
		f, ok := byName[strings.ToLower(m.name)]
		if !ok {
			p.fail(path+"."+m.name, "%s has no such field", t)
			continue
		}
		fields = append(fields, fieldPlan{m, f.Index, p.plan(m.shape, f.Type, path+"."+m.name)})
	}
	return plan{
		fill: func(dst reflect.Value, v any) error {
			t, ok := v.(map[string]any)
			if !ok {
				return fmt.Errorf("%T is not a structure", v)
			}
			for _, f := range fields {
				value := t[f.member.name]
				if value == nil {
					continue
				}
				if err := f.plan.fill(dst.FieldByIndex(f.index), value); err != nil {
					return fmt.Errorf("%s: %w", f.member.name, err)
				}
			}
			return nil
		},
		tree: func(src reflect.Value) (any, error) {
			t := Tree{}
			for _, f := range fields {
				v, err := f.plan.tree(src.FieldByIndex(f.index))
				if err != nil {
					return nil, fmt.Errorf("%s: %w", f.member.name, err)
				}
				if v == nil && f.member.required && f.member.shape.kind == kindList {
					v = []any{}
				}
				if v != nil {
					t[f.member.name] = v
				}
			}
			return t, nil
		},
	}
}

// unionPlan pairs the members of a union with the types that stand for them in the
// SDK: each a struct with the value, named as the union and its member are.
func (p *planner) unionPlan(s *shape, t reflect.Type, path string) plan {
	type alternative struct {
		name  string
		typ   reflect.Type
		value *plan
	}
	var all []alternative
	for _, m := range s.members {
		for _, u := range p.unions {
			if strings.EqualFold(u.Name(), t.Name()+"Member"+m.name) && t.Kind() == reflect.Interface && reflect.PointerTo(u).Implements(t) {
				all = append(all, alternative{m.name, u, p.plan(m.shape, u.Field(0).Type, path+"."+m.name)})
			}
		}
	}
	if len(all) != len(s.members) {
		return p.fail(path, "%s is a union, of which the handler does not name all members", s.name)
	}
	return plan{
		fill: func(dst reflect.Value, v any) error {
			t, _ := v.(map[string]any)
			for _, a := range all {
				value := t[a.name]
				if value == nil {
					continue
				}
				fresh := reflect.New(a.typ)
				if err := a.value.fill(fresh.Elem().Field(0), value); err != nil {
					return fmt.Errorf("%s: %w", a.name, err)
				}
				dst.Set(fresh)
				return nil
			}
			return fmt.Errorf("%T is no member of a union", v)
		},
		tree: func(src reflect.Value) (any, error) {
			if src.IsNil() {
				return nil, nil
			}
			for _, a := range all {
				if src.Elem().Type() != reflect.PointerTo(a.typ) {
					continue
				}
				v, err := a.value.tree(src.Elem().Elem().Field(0))
				if err != nil {
					return nil, fmt.Errorf("%s: %w", a.name, err)
				}
				return Tree{a.name: v}, nil
			}
			return nil, fmt.Errorf("%s is no member of the union", src.Elem().Type())
		},
	}
}

func listPlan(t reflect.Type, elem *plan) plan {
	return plan{
		fill: func(dst reflect.Value, v any) error {
			list, ok := v.([]any)
			if !ok {
				return fmt.Errorf("%T is not a list", v)
			}
			slice := reflect.MakeSlice(t, len(list), len(list))
			for i, item := range list {
				if item == nil {
					continue
				}
				if err := elem.fill(slice.Index(i), item); err != nil {
					return fmt.Errorf("%d: %w", i+1, err)
				}
			}
			dst.Set(slice)
			return nil
		},
		tree: func(src reflect.Value) (any, error) {
			if src.IsNil() {
				return nil, nil
			}
			list := make([]any, src.Len())
			for i := range list {
				v, err := itemTree(elem, src.Index(i))
				if err != nil {
					return nil, fmt.Errorf("%d: %w", i+1, err)
				}
				list[i] = v
			}
			return list, nil
		},
	}
}

// itemTree is elem.tree where an empty string is a value: behind a pointer, in
// a list or in a map.
func itemTree(elem *plan, src reflect.Value) (any, error) {
	v, err := elem.tree(src)
	if v == nil && err == nil && src.Kind() == reflect.String {
		return "", nil
	}
	return v, err
}

func mapPlan(t reflect.Type, elem *plan) plan {
	return plan{
		fill: func(dst reflect.Value, v any) error {
			values, ok := v.(map[string]any)
			if !ok {
				return fmt.Errorf("%T is not a map", v)
			}
			m := reflect.MakeMapWithSize(t, len(values))
			for key, value := range values {
				item := reflect.New(t.Elem()).Elem()
				if value != nil {
					if err := elem.fill(item, value); err != nil {
						return fmt.Errorf("%s: %w", key, err)
					}
				}
				m.SetMapIndex(reflect.ValueOf(key).Convert(t.Key()), item)
			}
			dst.Set(m)
			return nil
		},
		tree: func(src reflect.Value) (any, error) {
			if src.IsNil() {
				return nil, nil
			}
			values := make(map[string]any, src.Len())
			for it := src.MapRange(); it.Next(); {
				v, err := itemTree(elem, it.Value())
				if err != nil {
					return nil, fmt.Errorf("%s: %w", it.Key().String(), err)
				}
				values[it.Key().String()] = v
			}
			return values, nil
		},
	}
}

// scalarPlan is the plan of a leaf. A plain string is an enum of the SDK's,
// where "" says unset.
func scalarPlan(s *shape, t reflect.Type) (plan, bool) {
	k := t.Kind()
	switch {
	case s.kind == kindString && k == reflect.String:
		return plan{
			fill: func(dst reflect.Value, v any) error { return setString(dst, v) },
			tree: func(src reflect.Value) (any, error) {
				if src.Len() == 0 {
					return nil, nil
				}
				return src.String(), nil
			},
		}, true
	case s.kind == kindInt && (k == reflect.Int32 || k == reflect.Int64):
		return plan{
			fill: func(dst reflect.Value, v any) error {
				n, ok := v.(int64)
				if !ok || dst.OverflowInt(n) {
					return fmt.Errorf("%v is not an integer of %d bits", v, t.Bits())
				}
				dst.SetInt(n)
				return nil
			},
			tree: func(src reflect.Value) (any, error) { return src.Int(), nil },
		}, true
	case s.kind == kindFloat && (k == reflect.Float32 || k == reflect.Float64):
		return plan{
			fill: func(dst reflect.Value, v any) error {
				f, ok := v.(float64)
				if !ok {
					return fmt.Errorf("%T is not a number", v)
				}
				dst.SetFloat(f)
				return nil
			},
			tree: func(src reflect.Value) (any, error) {
				f, err := strconv.ParseFloat(strconv.FormatFloat(src.Float(), 'g', -1, t.Bits()), 64)
				return f, err // 0.1 as a float32 is 0.1
			},
		}, true
	case s.kind == kindBool && k == reflect.Bool:
		return plan{
			fill: func(dst reflect.Value, v any) error {
				b, ok := v.(bool)
				if !ok {
					return fmt.Errorf("%T is not a boolean", v)
				}
				dst.SetBool(b)
				return nil
			},
			tree: func(src reflect.Value) (any, error) { return src.Bool(), nil },
		}, true
	case s.kind == kindTime && t == timeType:
		return plan{
			fill: func(dst reflect.Value, v any) error {
				at, ok := v.(time.Time)
				if !ok {
					return fmt.Errorf("%T is not a time", v)
				}
				dst.Set(reflect.ValueOf(at))
				return nil
			},
			tree: func(src reflect.Value) (any, error) { return src.Interface(), nil },
		}, true
	case s.kind == kindBlob && t == bytesType:
		return plan{
			fill: func(dst reflect.Value, v any) error { return setBytes(dst, v) },
			tree: func(src reflect.Value) (any, error) {
				if src.IsNil() {
					return nil, nil
				}
				return src.Bytes(), nil
			},
		}, true
	case s.kind == kindBlob && k == reflect.Interface && t.Implements(readerType):
		return plan{
			fill: func(dst reflect.Value, v any) error {
				b, ok := v.([]byte)
				if !ok {
					return fmt.Errorf("%T is not a blob", v)
				}
				dst.Set(reflect.ValueOf(io.NopCloser(bytes.NewReader(b))))
				return nil
			},
			tree: func(src reflect.Value) (any, error) {
				if src.IsNil() {
					return nil, nil
				}
				b, err := io.ReadAll(src.Interface().(io.Reader))
				return b, err
			},
		}, true
	}
	return plan{}, false
}

func setString(dst reflect.Value, v any) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("%T is not a string", v)
	}
	dst.SetString(s)
	return nil
}

func setBytes(dst reflect.Value, v any) error {
	b, ok := v.([]byte)
	if !ok {
		return fmt.Errorf("%T is not a blob", v)
	}
	dst.SetBytes(b)
	return nil
}

var errorPlans sync.Map // planKey -> *plan

// errorTree reads the members of an error of the SDK's. Its message may be
// spelled in another way there, and is read by [smithy.APIError] anyway.
func errorTree(s *shape, v reflect.Value) (Tree, error) {
	key := planKey{s, v.Type()}
	made, ok := errorPlans.Load(key)
	if !ok {
		p := planner{made: map[planKey]*plan{}}
		made, _ = errorPlans.LoadOrStore(key, p.plan(s, key.typ, s.name))
	}
	t, err := made.(*plan).tree(v)
	if err != nil {
		return nil, err
	}
	return t.(Tree), nil
}
