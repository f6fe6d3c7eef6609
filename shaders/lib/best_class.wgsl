// The best class of a column, shared by its lanes through workgroup memory: publish the score; barrier; the lanes that
// hold the best score elect their class, the lowest wins; barrier; read.
//#include "lib/lanes.wgsl"

const MAX_TILE = 64u;

// Per listed token: the best score so far as an ordered integer, and the lowest class that has it.
var<workgroup> best_scores: array<atomic<u32>, MAX_TILE>;
var<workgroup> best_classes: array<atomic<u32>, MAX_TILE>;

fn reset_best(position: u32) {
  atomicStore(&best_scores[position], ordered(LOG_ZERO_LIMIT));
  atomicStore(&best_classes[position], INVALID_CLASS);
}

// The score that a class has to exceed, less a margin for rounding.
fn score_bound(position: u32, own: f32) -> f32 {
  var bound = own;
  if (LANES > 1u) {
    bound = from_ordered(atomicLoad(&best_scores[position]));
  }
  return bound - (0x1p-6 + (0x1p-20 * abs(bound)));
}

// Publishes a lane's best score. No finite score reaches INVALID_CLASS, so an invalid logit wins.
fn publish_score(position: u32, score: f32, invalid: bool) {
  atomicMax(&best_scores[position], select(ordered(score), INVALID_CLASS, invalid));
}

// After a barrier: a lane that holds the best score proposes its class. After another barrier best_classes holds the
// result, INVALID_CLASS if some logit is invalid, NO_CLASS if none is finite.
fn elect_class(position: u32, score: f32, class_index: u32) {
  if (ordered(score) == atomicLoad(&best_scores[position])) {
    atomicMin(&best_classes[position], class_index);
  }
}
