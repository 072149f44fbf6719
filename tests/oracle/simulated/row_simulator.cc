#include "tests/oracle/simulated/row_simulator.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "problem/special_values.h"
#include "tests/oracle/simulated/constants.h"

namespace attest::tests {

/// Tiles of slots; a slot is a key of the range, or a visible key.
template <typename T>
auto RowSimulator<T>::cut_into_parts() -> std::vector<Tiles> {
  const std::int64_t slots =
      style_.tiles_by_index ? loaded_.range : static_cast<std::int64_t>(loaded_.scores.size());
  const auto count = static_cast<std::size_t>(style_.splits);
  std::vector<std::int64_t> cuts;
  for (std::int64_t s = 0; s <= style_.splits; ++s) cuts.push_back(slots * s / style_.splits);
  if (style_.uneven_parts) {
    for (std::size_t s = 1; s < count; ++s) cuts[s] = random_.between(0, slots);
    std::sort(cuts.begin(), cuts.end());
  }
  const bool interleaved = style_.interleaved_parts && count > 1;
  std::vector<Tiles> parts(count);
  std::vector<std::int64_t> last_tile(count, -1);
  slot_.resize(loaded_.scores.size());
  for (std::size_t i = 0; i < loaded_.scores.size(); ++i) {
    std::int64_t slot = style_.tiles_by_index ? loaded_.keys[i] : static_cast<std::int64_t>(i);
    std::size_t s = 0;
    if (interleaved) {
      const std::int64_t tile = slot / style_.tile;
      s = static_cast<std::size_t>(tile % style_.splits);
      slot = tile / style_.splits * style_.tile + slot % style_.tile;
    } else {
      while (slot >= cuts[s + 1]) ++s;
      slot -= cuts[s];
    }
    slot_[i] = static_cast<std::size_t>(slot);
    if (slot / style_.tile != last_tile[s]) parts[s].emplace_back();
    last_tile[s] = slot / style_.tile;
    parts[s].back().push_back(i);
  }
  return parts;
}

template <typename T>
void RowSimulator<T>::add_values(State<T>& state, const Tile& tile, const std::vector<T>& weights) {
  const std::size_t lanes = state.acc.size() / loaded_.width;
  if (lanes > 1) {
    for (std::size_t i = 0; i < tile.size(); ++i) {
      T* acc = state.acc.data() + slot_[tile[i]] % lanes * loaded_.width;
      const T* v = loaded_.values.data() + tile[i] * loaded_.width;
      for (std::size_t d = 0; d < loaded_.width; ++d)
        acc[d] = machine_.product_onto(weights[i], v[d], acc[d]);
    }
    return;
  }
  column_.resize(tile.size());
  for (std::size_t d = 0; d < loaded_.width; ++d) {
    for (std::size_t i = 0; i < tile.size(); ++i)
      column_[i] = loaded_.values[tile[i] * loaded_.width + d];
    state.acc[d] = machine_.dot(weights.data(), column_.data(), tile.size(), 1, style_.values,
                                style_.value_lanes, state.acc[d]);
  }
}

template <typename T>
void RowSimulator<T>::weigh(State<T>& state, const Tile& tile) {
  const auto raised =
      static_cast<T>(shifts_.scales_in_argument() ? 1 : std::ldexp(1.0, style_.p_scale_log2));
  weights_.clear();
  rounded_.clear();
  for (const std::size_t j : tile) {
    T p = shifts_.weight(loaded_.scores[j], state.m) * raised;
    if (loaded_.keys[j] == sabotage_.leaking_key) p = static_cast<T>(sabotage_.leak);
    if (loaded_.keys[j] == sabotage_.heavy_key) p = static_cast<T>(p * sabotage_.heavy);
    weights_.push_back(p);
    rounded_.push_back(static_cast<T>(problem::round_to(style_.p_dtype, static_cast<double>(p))));
  }
}

template <typename T>
void RowSimulator<T>::add_tile(State<T>& state, const Tile& tile) {
  T shift = state.m;
  for (const std::size_t j : tile) shift = std::max(shift, loaded_.scores[j]);
  if (shift == kMinusInfinity<T>) return;
  const bool lag = !state.empty() &&
                   shifts_.natural(shift) - shifts_.natural(state.m) < static_cast<T>(style_.lazy);
  if (!lag) shifts_.rescale(state, shift);
  weigh(state, tile);
  const std::vector<T>& summed = style_.rounded_weights_in_sum ? rounded_ : weights_;
  if (state.l.size() > 1) {
    for (std::size_t i = 0; i < tile.size(); ++i) {
      T& l = state.l[slot_[tile[i]] % state.l.size()];
      l = machine_.add(l, summed[i]);
    }
  } else {
    state.l[0] = machine_.sum(summed, style_.weights, style_.weight_lanes, state.l[0]);
  }
  add_values(state, tile, rounded_);
}

template <typename T>
void RowSimulator<T>::join_lanes(State<T>& state) {
  const auto down = static_cast<T>(std::ldexp(1.0, -style_.p_scale_log2));
  const std::size_t lanes = state.acc.size() / loaded_.width;
  for (std::size_t d = 0; d < loaded_.width; ++d)
    state.acc[d] = machine_.join(state.acc.data() + d, lanes, loaded_.width, true) * down;
  state.acc.resize(loaded_.width);
  state.l = {machine_.join(state.l.data(), state.l.size(), 1, false) * down};
}

template <typename T>
void RowSimulator<T>::shuffle(Tiles& tiles) {
  for (std::size_t i = tiles.size(); i > 1; --i) {
    const std::int64_t other = random_.between(0, static_cast<std::int64_t>(i) - 1);
    std::swap(tiles[i - 1], tiles[static_cast<std::size_t>(other)]);
  }
}

/// p = e / l, then P V.
template <typename T>
void RowSimulator<T>::normalise_first(State<T>& state, const Tiles& tiles) {
  std::vector<T> weights;
  for (const Tile& tile : tiles) {
    weigh(state, tile);
    weights.insert(weights.end(), weights_.begin(), weights_.end());
  }
  const T l = machine_.sum(weights, style_.weights, style_.weight_lanes, state.l[0]);
  std::size_t i = 0;
  for (const Tile& tile : tiles) {
    rounded_.resize(tile.size());
    for (T& p : rounded_) {
      const T w = weights[i++];
      p = style_.reciprocal ? machine_.mul(w, machine_.inverse(l)) : machine_.div(w, l);
      p = static_cast<T>(problem::round_to(style_.p_dtype, static_cast<double>(p)));
    }
    add_values(state, tile, rounded_);
  }
  if (!state.empty()) state.lse = shifts_.natural(state.m) + machine_.log(l);
  state.l[0] = 1;
}

template <typename T>
State<T> RowSimulator<T>::run_part(Tiles tiles, bool with_sink) {
  const auto lanes_of = [this](Sum how, int lanes) {
    return static_cast<std::size_t>(style_.running_lanes && how == Sum::kStrided ? lanes : 1);
  };
  State<T> state;
  state.acc.assign(lanes_of(style_.values, style_.value_lanes) * loaded_.width, 0);
  state.l.assign(lanes_of(style_.weights, style_.weight_lanes), 0);
  if (with_sink) {
    state.m = shifts_.in_units(static_cast<T>(loaded_.sink));
    state.l[0] = static_cast<T>(std::ldexp(1.0, style_.p_scale_log2));
  }
  if (style_.tile_order == TileOrder::kDescending) std::reverse(tiles.begin(), tiles.end());
  if (style_.tile_order == TileOrder::kShuffled) shuffle(tiles);
  if (style_.two_pass) {
    T shift = state.m;
    for (const Tile& tile : tiles) {
      for (const std::size_t j : tile) shift = std::max(shift, loaded_.scores[j]);
    }
    shifts_.rescale(state, shift);
  }
  if (style_.normalise_first) {
    normalise_first(state, tiles);
  } else {
    for (const Tile& tile : tiles) add_tile(state, tile);
  }
  join_lanes(state);
  return state;
}

template <typename T>
State<T> RowSimulator<T>::sink_state() {
  State<T> state;
  state.acc.assign(loaded_.width, 0);
  if (loaded_.sink == -kInfinity) return state;
  state.m = shifts_.in_units(static_cast<T>(loaded_.sink));
  state.l = {1};
  state.lse = static_cast<T>(loaded_.sink);
  return state;
}

template <typename T>
SimulatedRow RowSimulator<T>::attend(const SimulatedCall& call, std::int64_t b, std::int64_t head,
                                     std::int64_t row, const std::optional<problem::Range>& keys) {
  loaded_ = scores_.load(call, b, head, row, keys);
  shifts_.set_unit(loaded_.unit);
  // The two-pass and normalise-first kernels need the sink from the start.
  const bool sink_first = loaded_.sink != -kInfinity && (style_.sink_first || style_.two_pass);
  std::vector<State<T>> states;
  for (Tiles& part : cut_into_parts())
    states.push_back(run_part(std::move(part), sink_first && states.empty()));
  State<T> whole;
  if (style_.splits == 1 || style_.merge == MergeStyle::kUnnormalised) {
    whole = states[0];
    for (std::size_t s = 1; s < states.size(); ++s) whole = merges_.join(whole, states[s]);
    if (!sink_first) whole = merges_.join(whole, sink_state());
    merges_.normalise(whole, false);
  } else {
    for (State<T>& s : states) merges_.normalise(s, true);
    if (!sink_first) states.push_back(sink_state());
    whole = merges_.merge(std::move(states));
  }
  SimulatedRow result{.o = {}, .lse = static_cast<double>(whole.lse)};
  for (const T a : whole.acc)
    result.o.push_back(static_cast<double>(machine_.mul(a, loaded_.v_scale)));
  return result;
}

template <typename T>
SimulatedRow RowSimulator<T>::merge(const std::vector<SimulatedRow>& given) {
  std::vector<State<T>> states;
  for (const SimulatedRow& g : given) {
    State<T> s;
    s.lse = s.m = static_cast<T>(g.lse);
    s.l = {1};
    for (const double o : g.o) s.acc.push_back(static_cast<T>(o));
    states.push_back(std::move(s));
  }
  State<T> whole;
  if (style_.merge == MergeStyle::kUnnormalised) {
    whole = states[0];
    for (std::size_t s = 1; s < states.size(); ++s) whole = merges_.join(whole, states[s]);
    merges_.normalise(whole, false);
  } else {
    whole = merges_.merge(std::move(states));
  }
  return {.o = std::vector<double>(whole.acc.begin(), whole.acc.end()),
          .lse = static_cast<double>(whole.lse)};
}

template class RowSimulator<float>;
template class RowSimulator<double>;

}  // namespace attest::tests
