/* logit.h -- logistic and softmax regression on image sets: the public interface of liblogit.
 *
 *   1. Status and errors        7. Evaluating and predicting
 *   2. Options                  8. What is in a data set
 *   3. Families by name         9. The machine
 *   4. Watching a long call    10. Measuring
 *   5. Training                11. Comparing
 *   6. Models                  12. Packing
 *                              13. Reports
 *                              14. The story in numbers
 *                              15. Explaining
 *                              16. Exporting
 *
 * Rules that hold for every function here
 *   - A fallible function returns a logit_status and fills *err; err may be NULL.
 *   - An out pointer is set to NULL (or zeroed) first, so that closing it is always safe.
 *   - Strings are UTF-8 or raw file names, NUL-terminated, and stay the caller's unless said.
 *   - close(NULL) does nothing.
 *   - Calls on different objects may run in different threads; one object belongs to one thread
 *     at a time.
 *   - The library prints nothing and never exits: it speaks through errors and logit_watch.
 *
 * Link with: liblogit.a -lcjson -larchive -lxxhash -lz -ldl -lm -pthread, and -ljpeg
 * where `logit info` names the decoder turbo */
/* SPDX-License-Identifier: MIT */
#ifndef LOGIT_H
#define LOGIT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LOGIT_API __attribute__((visibility("default")))

#define LOGIT_VERSION "0.1.0"

/* ------------------------------------------------------------------ 1. Status and errors --- */

typedef enum logit_status {
    LOGIT_OK = 0,
    LOGIT_E_CHECK,        /* a comparison lies outside its tolerance */
    LOGIT_E_USAGE,        /* an option or a combination of options makes no sense */
    LOGIT_E_INCONCLUSIVE, /* nothing was learnt from a comparison */
    LOGIT_E_DATA,         /* a file's content is wrong */
    LOGIT_E_IO,           /* a file cannot be read or written, or the disk is full */
    LOGIT_E_DEVICE,       /* no such device, or it failed */
    LOGIT_E_NOMEM,        /* out of memory, on the host or on the device */
    LOGIT_E_DIVERGED,     /* the loss is not finite */
    LOGIT_E_LOCKED,       /* another run holds the run folder */
    LOGIT_E_STOPPED       /* logit_watch asked to stop; what was to be saved is saved */
} logit_status;

/* Plain data; may be copied. */
typedef struct logit_error {
    logit_status status;
    const char *file; /* place in the source of liblogit; static */
    int line;
    char message[1200]; /* one sentence or two: file, place, found, expected, what to do */
} logit_error;

/* The exit code of the command for a status (0, 1, 2, 3, 4, 5, 6, 7, 8; 130 for STOPPED). */
LOGIT_API int logit_exit_code(logit_status status);

/* A few words for a status: "bad data", "device error", ... */
LOGIT_API const char *logit_status_text(logit_status status);

/* ------------------------------------------------------------------------------ 2. Options --- */

#define LOGIT_MAX_LIST 64

/* Values of an option that may be a list; count 0 means "let logit choose". */
typedef struct logit_list {
    int count;
    double value[LOGIT_MAX_LIST];
} logit_list;

/* All that can be set.  logit_options_default fills in the defaults, which are named here.
 * Strings are borrowed.  What is not set ("auto", 0, count 0) is chosen by the library, and the
 * choice is reported (logit_run). */
typedef struct logit_options {
    /* device and resources */
    const char *device;    /* "auto": cuda if usable, else cpu.  "cpu", "cuda", "cuda:N", "ref" */
    const char *precision; /* "f32"; "tf32" and "bf16" take a GPU */
    int threads;           /* 0: all cores */
    int64_t memory;        /* bytes for decoded images, and half as many for the log odds that an
                            * evaluation ranks; 0: half of what is available */
    int64_t device_memory; /* bytes for images on a GPU; 0: what is free there */
    uint64_t seed;         /* 0 */
    /* data */
    const char *val;  /* NULL: the set's own val part, else val_split of train */
    const char *test; /* NULL: the set's own test part */
    double val_split; /* 0.1 */
    int folds; /* 0; N: every setting is trained N times on N-1 folds of the training part and
                * measured on the other; the one that is best in the mean is trained on all
                * of it, without a validation part */
    const char *pick; /* "best", or with folds "1se": the largest l1, then l2, whose mean is no
                       * worse than the best one's by more than its standard error */
    int height;       /* 0: as the images where they agree, else 100 */
    int width;
    int channels;          /* 0: 1 if every image is grey, else 3 */
    const char *normalize; /* "standard" or "unit" */
    const char *features;  /* a map between pixels and W, "patch:256,grid=3"; NULL: none */
    const char *shuffle;   /* "auto": "block" for tar and for packed files over 4 GiB, else
                            * "full".  "full", "block", "none" */
    const char *sampling;  /* "all": each training sample once an epoch.  "balanced": as many are
                            * drawn, with every class equally likely */
    int flip;              /* 0; 1: training images are mirrored left to right, half of them in
                            * an epoch */
    int shift;             /* 0; N: and moved by up to N pixels in each direction */
    const char *classes;   /* NULL, or "a,b,..": only these, in this order */
    const char *labels;  /* "auto"; which of the two labels of CIFAR-100: "coarse" or "fine", which
                          * is auto */
    const char *decoder; /* of JPEGs.  "auto": what the model was trained with, else "stb".  "stb",
                          * "turbo" (a name of logit_decoder_name) */
    int untrusted;       /* 0; 1: image files are decoded in processes that can do nothing else;
                          * logit_sandbox_start comes first */
    const char *on_bad;  /* "fail" or "skip" */
    const char *cache;   /* NULL: the user's cache folder, or a folder, or "off" */
    double max_bad;      /* 0.001: with skip, the share of bad samples that ends the run */
    /* model and objective */
    const char *loss;         /* "auto": sigmoid for two classes, softmax for more */
    const char *class_weight; /* NULL, "balanced" or "name=w,.." */
    const char *init;         /* "prior" or "zero" */
    const char *from;         /* NULL, or a model to start from */
    logit_list l2;            /* count 0: 1e-6 times the mean squared length of a sample */
    logit_list l1;            /* 0; above it takes optimizer lbfgs */
    const char *path;         /* NULL; "[l2:|l1:]FROM:TO[:N]" or "[l2:|l1:]A,B,..": lbfgs goes from
                               * the optimum of one penalty on to the next (l2 or l1 is filled in) */
    logit_list label_smoothing; /* 0 */
    int calibrate; /* 0; 1: a temperature is fitted on the validation part and kept in the model */
    /* optimiser */
    const char *optimizer; /* "adam" */
    logit_list lr;         /* count 0: adam min(2e-3, 10/D), gd and sgd (1 - momentum)/L */
    logit_list momentum;   /* 0 */
    int nesterov;          /* 0 */
    double weight_decay;   /* 0, decoupled */
    double tolerance;     /* 1e-5: lbfgs is done where no component of the gradient is above it; the
                           * weights' are taken relative to a feature's root mean square */
    const char *schedule; /* "auto": "const" where lr is given, else "cosine".  "step" */
    int step_every;       /* step: epochs between falls of lr; 0: a third of them, rounded up */
    double step_factor;   /* 0.1; step: what lr is multiplied by */
    double warmup;        /* 0; epochs in which lr rises, in equal steps, from 0 */
    int epochs;           /* 0: 20, or as many as make 3000 steps; gd: 500; lbfgs: 1000 */
    int64_t batch_size;   /* 128 */
    int patience;         /* 0; N: stop after N epochs that are no better on the validation part,
                           * and keep the best */
    const char *metric;   /* "loss" or "accuracy": better by this, for patience and for grids */
    /* results */
    const char *out; /* run folder; NULL: runs/NAME-N */
    int force;
    int resume;                /* 0; 1: go on from the newest checkpoint in out, if there is one */
    int64_t checkpoint_steps;  /* save so many steps after the last time; 0: by time */
    double checkpoint_seconds; /* 60: save so long after the last time */
    int64_t log_steps;         /* 1000: a line of metrics.jsonl after so many steps; 0: none */
    int top_k;                 /* eval and predict: 0 means 5, or fewer classes */
    const char *prior;         /* predict: NULL, or "class=p,.." */
    double temperature;        /* predict: 1; the logits are divided by it before the prior */
} logit_options;

LOGIT_API void logit_options_default(logit_options *options);

/* For options->untrusted: forks the process from which decoders are forked.  To be called by main's
 * thread, before the program has another; a second call does nothing.  The processes end with
 * logit_sandbox_stop, which comes after all else of this library, or with the program, however it
 * ends.  Error: DEVICE (not in this build, or the system does not allow it). */
LOGIT_API logit_status logit_sandbox_start(logit_error *err);
LOGIT_API void logit_sandbox_stop(void); /* does nothing where there is none */

/* ---------------------------------------------------------------------- 3. Families by name --- */

/* Rows of the library's tables: name i, or NULL past the end. */
LOGIT_API const char *logit_loss_name(int i);
LOGIT_API const char *logit_optimizer_name(int i);
LOGIT_API const char *logit_schedule_name(int i);
LOGIT_API const char *logit_decoder_name(int i); /* in this build */
LOGIT_API const char *logit_map_name(int i);     /* feature maps: what --features begins with */
LOGIT_API const char *logit_format_name(int i);  /* data set formats */
LOGIT_API const char *logit_format_about(int i); /* one line each */
LOGIT_API const char *logit_device_name(int i);
LOGIT_API const char *logit_precision_name(int i);
LOGIT_API const char *logit_rows_name(int i);    /* how samples can be lines of text */
LOGIT_API const char *logit_export_name(int i);  /* formats that a model can be written in */
LOGIT_API const char *logit_export_about(int i); /* one line each */

/* ------------------------------------------------------------------- 4. Watching a long call ---
 */

typedef enum logit_phase {
    LOGIT_PHASE_SCAN,  /* listing files, reading image headers */
    LOGIT_PHASE_READ,  /* decoding a set that fits in memory, once */
    LOGIT_PHASE_TUNE,  /* mean, deviation, curvature */
    LOGIT_PHASE_TRAIN, /* steps of an epoch */
    LOGIT_PHASE_EVAL,  /* a pass without training */
    LOGIT_PHASE_PACK   /* decoding into a packed file */
} logit_phase;

typedef struct logit_progress {
    logit_phase phase;
    int64_t done, total; /* samples (files while scanning; total 0: not known yet) */
    int epoch, epochs;
    int64_t step, steps; /* of the whole run */
    double loss;         /* running mean of the epoch; NaN before the first figure */
    double samples_per_second;
    double waiting;      /* share of the time spent waiting for data, 0..1 */
    double seconds_left; /* of the run; NaN while unknown */
} logit_progress;

typedef enum logit_level { LOGIT_LEVEL_INFO, LOGIT_LEVEL_NOTICE, LOGIT_LEVEL_WARNING } logit_level;

struct logit_run; /* these four: section 5 */
struct logit_epoch;
struct logit_setting;
struct logit_fold;
struct logit_doubt;   /* section 7 */
struct logit_measure; /* section 10 */

/* What the library calls while it works, always from the caller's own thread.  Each may be NULL. */
typedef struct logit_watch {
    void *user;
    void (*message)(void *user, logit_level level, const char *text);
    void (*progress)(void *user, const logit_progress *progress);
    void (*start)(void *user, const struct logit_run *run);     /* all choices are made */
    void (*epoch)(void *user, const struct logit_epoch *epoch); /* an epoch has ended */
    /* a run has ended: each setting, best first */
    void (*setting)(void *user, const struct logit_setting *setting);
    /* a setting was measured on a fold; comes before start */
    void (*fold)(void *user, const struct logit_fold *fold);
    /* logit_verify: a prediction that is not proven to be the optimum's; in the parts' order */
    void (*doubt)(void *user, const struct logit_doubt *doubt);
    /* logit_bench: a line, as soon as it is measured */
    void (*measure)(void *user, const struct logit_measure *line);
    int (*stop)(void *user); /* asked once per step: not 0 ends the call with LOGIT_E_STOPPED */
    /* logit_train: asked once per step: not 0 saves a checkpoint behind it, and the run goes on.  A
     * step that sees the whole set is saved at its end; of folds, those that are complete are. */
    int (*save)(void *user);
} logit_watch;

/* ---------------------------------------------------------------------------- 5. Training --- */

/* What a run is, with every choice filled in.  Valid during the call that hands it out. */
typedef struct logit_run {
    const char *folder;           /* where the results go; NULL where nothing is trained */
    const char *data;             /* path of the training data */
    const char *format;           /* its format's name */
    const logit_options *options; /* as given, every "auto" replaced by what was taken */
    const char *objective;        /* J with its numbers, one line */
    const char *device;           /* what computes: "cpu: 2 threads, avx512, OpenBLAS ..." */
    int64_t train_count, val_count, test_count;
    int classes;
    int outputs; /* rows of W */
    int height, width, channels;
    int64_t features; /* columns of W: height * width * channels, or what options->features makes */
    int floats;       /* 1: the samples are features, not pixels */
    int settings;     /* combinations trained at once */
    double curvature; /* L, where it was measured, else NaN */
    const char *plan; /* where the images live: one line */
} logit_run;

typedef struct logit_epoch {
    int epoch, epochs; /* 1-based */
    int setting;
    double lr, l2, l1;
    double train_loss;             /* running weighted mean over the epoch, without penalty */
    double val_loss, val_accuracy; /* NaN without a validation part */
    double seconds, samples_per_second, waiting;
    int64_t step;
    int training; /* settings that go on into the next */
    int left;     /* settings whose figures of this epoch are still to come */
    int ended;    /* 1: this setting is done: no epoch of it follows */
} logit_epoch;

/* How a setting (a combination of hyperparameters) fared in a run that has ended. */
typedef struct logit_setting {
    int setting, rank; /* its number, and its place by the validation part, from 0 */
    double lr, l2, l1, momentum, label_smoothing;
    int kept;              /* 1: its model is the run's */
    const char *ended;     /* static: "epochs", "patience", "diverged" or "stopped"; of lbfgs
                            * "converged", "rounding", "separable", "passes" or "stopped" */
    int64_t diverged_step; /* from 1; 0: its loss was always finite */
    int epoch, epochs;     /* whose weights its model has; how many it trained */
    double train_loss, val_loss, val_accuracy; /* of that epoch; NaN where it diverged */
    /* of optimizer lbfgs, else 0 and NaN */
    int64_t passes;        /* evaluations of loss and gradient */
    int64_t zeros;         /* weights that are exactly 0 */
    double objective, gap; /* J at the end; how far it can be above its smallest value */
    /* with folds: how many, else 0.  Then the losses, the accuracy and J are means over them, gap
     * is the largest and passes are the sum; and the standard errors of the two means are */
    int folds;
    double val_loss_error, val_accuracy_error;
} logit_setting;

/* A setting on one fold. */
typedef struct logit_fold {
    int fold, folds, settings; /* fold from 1 */
    int64_t train_count, val_count;
    double seconds;               /* of the fold, all its settings */
    const logit_setting *setting; /* val_loss and val_accuracy are those of the fold; rank 0 */
} logit_fold;

/* How a run ended. */
typedef struct logit_summary {
    char folder[1024];
    double train_loss, objective;
    double val_loss, val_accuracy;
    int64_t test_count; /* 0: no test part */
    double test_loss, test_accuracy;
    int setting;         /* the one that was kept */
    int epoch, epochs;   /* whose weights they are (patience: the best); how many were run */
    int out_of_patience; /* 1: that is why it ended */
    double seconds;
    int64_t bad; /* samples left out by on_bad = "skip" */
    /* of optimizer lbfgs, else "" and NaN */
    char ended[480]; /* why it stopped, one line */
    double gradient; /* |gradient| of the objective at the end; with l1 of its subgradients the
                      * smallest */
    int64_t zeros;   /* weights of the model that are exactly 0 */
    double gap; /* the objective lies at most so far above its smallest value; NaN without l2 */
} logit_summary;

/* Trains on the set at data and writes a run folder.  Errors: USAGE, DATA, IO, DEVICE, NOMEM,
 * DIVERGED, LOCKED, STOPPED.  summary and watch may be NULL. */
LOGIT_API logit_status logit_train(const char *data, const logit_options *options,
                                   const logit_watch *watch, logit_summary *summary,
                                   logit_error *err);

/* ------------------------------------------------------------------------------- 6. Models --- */

typedef struct logit_model logit_model;

/* Opens a model file or the model of a run folder.  Errors: IO, DATA, NOMEM. */
LOGIT_API logit_status logit_model_open(logit_model **out, const char *path, logit_error *err);
LOGIT_API void logit_model_close(logit_model *model);

typedef struct logit_model_info {
    const char *loss;
    int classes, outputs;
    int height, width, channels;
    int64_t inputs;                /* height * width * channels */
    int64_t features;              /* columns of W: as many, or what the map makes of them */
    const char *map;               /* "patch:256,size=6,..", or NULL: none */
    int floats;                    /* 1: the model sees features, not pixels; then */
    const float *feature_mean;     /* [inputs], or NULL: they are taken as they are */
    const float *feature_std;      /* the same */
    const float *weight;           /* [outputs][features] */
    const float *bias;             /* [outputs] */
    const char *const *class_name; /* [classes] */
    const char *decoder;   /* of the JPEGs it learnt from; a build that has no logit_decoder_name
                            * like this takes stb for "auto", and pixels differ by a few of 255 */
    double temperature;    /* 1, or what z is divided by for probabilities and loss */
    int64_t not_finite;    /* weights that are NaN or infinite: such a model is of little use */
    const char *normalize; /* "standard" or "unit" */
    int units, window;     /* of a patch map: its filters, and the side of one in pixels; else 0 */
    const float *filter;   /* [units][window][window][channels], or NULL */
} logit_model_info;

/* Borrowed from the model until it is closed. */
LOGIT_API logit_model_info logit_model_describe(const logit_model *model);

/* What column j of W stands for: "x 3, y 4, red", "feature 17"; with a map "unit 17 above, cell
 * 2,3" (row and column of the grid), "x 3, y 4 by x 5, y 6".  Returns out. */
LOGIT_API const char *logit_model_column_name(const logit_model *model, int64_t column, char *out,
                                              size_t size);

/* --------------------------------------------------------------- 7. Evaluating, predicting --- */

typedef struct logit_class_score {
    const char *name;
    int64_t count, predicted, correct;
    double precision, recall, f1;  /* NaN where the denominator is 0 */
    double loss;                   /* mean over the samples of the class */
    double auc, average_precision; /* of the class against the rest; NaN where they are unranked */
} logit_class_score;

/* How a class is told from the rest, threshold by threshold; thinned, at most 200 points each. */
typedef struct logit_class_curves {
    int roc_count, pr_count;    /* 0: there is no such curve */
    double *fpr, *tpr;          /* [roc_count] */
    double *recall, *precision; /* [pr_count] */
} logit_class_curves;

enum { LOGIT_CALIBRATION_BINS = 15 };

/* The samples whose said class has a probability in (m/15, (m+1)/15]. */
typedef struct logit_calibration_bin {
    int64_t count;
    double confidence, accuracy; /* means; NaN in an empty bin */
} logit_calibration_bin;

enum { LOGIT_WORST_MOST = 100 };

/* One sample of an evaluation. */
typedef struct logit_sample_score {
    int64_t index;          /* in its set, from 0 */
    char *name;             /* the file; "FILE[17]" for one of many in it.  Owned by the score */
    int truth, said;        /* classes: its own, and the one that the model says */
    double p_truth, p_said; /* what the model gives to each; NaN for mse */
    double loss;
} logit_sample_score;

typedef struct logit_interval {
    double low, high;
} logit_interval;

typedef struct logit_score {
    int64_t n, bad;
    double loss;        /* unweighted, unsmoothed mean; in nats, but for mse */
    double loss_stderr; /* standard error of that mean */
    double accuracy;    /* NaN for numeric targets */
    int top_k;
    double top_k_accuracy;
    double rmse, r2, mae; /* numeric targets only, else NaN */
    /* docs/figures.md says what each is; NaN where it does not apply */
    double balanced_accuracy, macro_f1, weighted_f1, matthews;
    double brier, ece;  /* of probabilities: NaN for mse */
    double temperature; /* the model's: z / temperature is what loss and probabilities are of */
    double ece_uncalibrated;   /* of z itself */
    double target_entropy, kl; /* soft targets of softmax and sigmoid: loss = entropy + KL */
    logit_calibration_bin calibration[LOGIT_CALIBRATION_BINS];
    logit_interval loss_interval, accuracy_interval, balanced_accuracy_interval; /* 95 % */
    /* means over the classes, each against the rest: each alike, or by its samples */
    double auc, auc_weighted, average_precision, average_precision_weighted;
    const char *unranked; /* static; why they and the curves are left out ("memory", "not finite"),
                           * or NULL */
    int classes;
    logit_class_score *class_score; /* [classes] */
    logit_class_curves *curves;     /* [classes], or NULL */
    int64_t *confusion;             /* [classes][classes], row = truth; NULL above 1000 classes */
    logit_sample_score *wrong;   /* [wrong_count] what the model gets wrong, largest loss first */
    logit_sample_score *suspect; /* [suspect_count] likely label errors, likeliest first: the
                                  * model says another class, and is as sure of it as it is of
                                  * that class's own samples in the mean, or surer */
    int wrong_count, suspect_count; /* at most LOGIT_WORST_MOST */
    const char *part;               /* "test", "val", "train" or "all" */
    double seconds;
} logit_score;

/* part: NULL (test, else val, else all there is), "train", "val" or "test".
 * Errors: DATA (the set does not fit the model), IO, DEVICE, NOMEM, STOPPED. */
LOGIT_API logit_status logit_eval(logit_model *model, const char *data, const char *part,
                                  const logit_options *options, const logit_watch *watch,
                                  logit_score *score, logit_error *err);
LOGIT_API void logit_score_clear(logit_score *score);

/* The score as one JSON object, floats with 17 significant digits, what is NaN as null: what `logit
 * eval --format json` prints and a run's eval.json holds.  To be freed; NULL: out of memory. */
LOGIT_API char *logit_score_json(const logit_score *score);

typedef struct logit_guess {
    int class_index;
    const char *class_name; /* borrowed from the model */
    double probability;
    double score; /* z of that class over the temperature, prior correction included */
    double logit; /* log odds */
    double odds;
} logit_guess;

/* One image file -> its top_k classes, best first.  guess has room for top_k; *count is filled.
 * Errors: IO, DATA (LOGIT_E_DATA for a bad image). */
LOGIT_API logit_status logit_predict_file(logit_model *model, const char *file,
                                          const logit_options *options, logit_guess *guess,
                                          int top_k, int *count, logit_error *err);

/* One sample of a file, and what the model makes of it. */
typedef struct logit_prediction {
    const char *name;         /* the file; "FILE.npy[17]" for a row of one */
    const logit_guess *guess; /* [count], best first */
    int count;                /* 0: the sample cannot be read, and error says why */
    const logit_error *error; /* or NULL */
} logit_prediction;

/* Every sample of a file, in turn: an image file is one, FILE.npy has one per row, FILE.csv and
 * FILE.jsonl have one per line (logit_predict_rows).  What found returns, unless it is LOGIT_OK,
 * ends the call.  Errors: IO, DATA (the file as a whole: it is no image, or does not fit the
 * model), DEVICE, NOMEM. */
LOGIT_API logit_status logit_predict_samples(
    logit_model *model, const char *file, const logit_options *options, int top_k,
    logit_status (*found)(void *user, const logit_prediction *prediction, logit_error *err),
    void *user, logit_error *err);

/* The same of lines of text from fd, until it ends; blocks while a pipe has nothing.  `name` is
 * what a sample's name begins with: "NAME:17" is line 17.  format: a name of logit_rows_name.
 *
 *   csv    the sample's values between commas: pixels as whole numbers from 0 to 255 (rows from
 *          the top, channels together), or features.  A first line of words alone is a head
 *   jsonl  an object per line: {"pixels": [..]}, {"x": [..]} or {"path": "cat.jpg"}, which gives
 *          the sample its name; other keys are left aside
 *
 * Empty lines are passed over.  A line that is malformed is told to found as one that cannot be
 * read, "NAME:17: reason", and the others go on.  Errors: USAGE, IO, DEVICE, NOMEM. */
LOGIT_API logit_status logit_predict_rows(
    logit_model *model, int fd, const char *name, const char *format, const logit_options *options,
    int top_k,
    logit_status (*found)(void *user, const logit_prediction *prediction, logit_error *err),
    void *user, logit_error *err);

/* Predictions of a part, and those that are proven to be the optimum's. */
typedef struct logit_certain {
    const char *part; /* static */
    int64_t count, certain;
} logit_certain;

/* A prediction that the optimum may not share.  Valid during the call that hands it out. */
typedef struct logit_doubt {
    const char *part, *name; /* of the sample */
    int64_t index;           /* of the sample in its part's set */
    const char *said;        /* the class that the model predicts */
    double margin; /* of its logit over the next, 0 where the best biases predict another class */
    double reach;  /* that margin may differ by so much at the optimum */
} logit_doubt;

/* Where the optimum of a model's own objective J can be.  Its biases are taken where J is smallest
 * for its weights. */
typedef struct logit_certificate {
    int64_t samples;       /* of the training part */
    double l2, objective;  /* J at the weights, in float64 */
    double weight_norm;    /* |W| */
    double bias_step;      /* how far the largest of the biases was from the best one */
    double gradient;       /* |gradient| of J in W, what rounding may add included */
    double radius;         /* |W - W*| is at most this */
    double gap;            /* J - J* is at most this */
    int parts;             /* 0 for numeric targets */
    logit_certain part[3]; /* train, val, test: those there are */
    double seconds;
} logit_certificate;

/* data: the set that the model was trained on, its training part as the model's summary says
 * (validation split, seed, class weights).  Errors: CHECK (out->gap is more than
 * options->tolerance of J, with *out filled; or there is no certificate, without l2, with l1, or
 * with a class that has no sample: out->radius is 0), DATA, IO, NOMEM, STOPPED. */
LOGIT_API logit_status logit_verify(logit_model *model, const char *data,
                                    const logit_options *options, const logit_watch *watch,
                                    logit_certificate *out, logit_error *err);

/* -------------------------------------------------------------- 8. What is in a data set --- */

typedef struct logit_part_report {
    const char *part; /* "train", "val", "test"; "all" for a set without parts */
    int64_t count, bad;
    int64_t smallest_width, smallest_height, largest_width, largest_height;
    int64_t grey, colour;
    int64_t bytes;        /* of the files */
    const char *element;  /* of the samples: "uint8" (pixels), "float16", "float32" */
    const char *targets;  /* "classes", "soft" (a share of each class) or "numbers" */
    int64_t *class_count; /* [classes] */
} logit_part_report;

enum { LOGIT_DATA_LISTED = 10000 }; /* samples that a list of the report holds at most */

typedef struct logit_bad_sample {
    char *name, *reason;
    int64_t byte; /* of the file, where it is wrong; -1 where that is not one byte */
} logit_bad_sample;

/* A sample that holds the same as an earlier one of its part, or one of an earlier part.  Image
 * files of their own are the same byte for byte, other samples element for element, as they are
 * read at the set's size; told by a hash of 128 bits. */
typedef struct logit_duplicate_sample {
    char *name, *first;   /* the sample, and the first that holds the same */
    int part, first_part; /* rows of part[] */
    int other_class;      /* 1: their labels differ */
} logit_duplicate_sample;

typedef struct logit_data_report {
    char *format;
    int classes;
    char **class_name;
    int parts;
    logit_part_report part[3];
    int64_t stray;  /* files that are not images, or lie outside a class folder */
    int64_t hidden; /* skipped */
    int empty_classes;
    int64_t bad;
    int listed; /* bad samples kept below */
    logit_bad_sample *bad_sample;
    /* classes of part[0] with the most and the fewest samples, of those that have any, and how many
     * times as many the first has; -1, -1 and NaN with fewer than two */
    int largest_class, smallest_class;
    double imbalance;
    int64_t duplicates;    /* good samples that hold the same as an earlier one */
    int64_t other_class;   /* of them, those whose first has another label */
    int64_t repeats[3][3]; /* [p][q], q < p: samples of part[p] that are in part[q] as well;
                            * [p][p]: those that repeat an earlier one of part[p] */
    int duplicates_listed;
    logit_duplicate_sample *duplicate_sample; /* by the first's place, then by their own */
} logit_data_report;

/* Looks at every sample of the set (decodes it).  Bad samples are counted, not an error.  Takes 24
 * bytes of memory per sample. */
LOGIT_API logit_status logit_data_describe(const char *data, const logit_options *options,
                                           const logit_watch *watch, logit_data_report *report,
                                           logit_error *err);
LOGIT_API void logit_data_report_clear(logit_data_report *report);

/* ----------------------------------------------------------------------- 9. The machine --- */

typedef struct logit_machine {
    const char *version;
    const char *build; /* the compiler that built the library */
    char processor[128];
    int cores;
    const char *isa; /* class of instructions that the CPU kernels use: "avx512", ... */
    char blas[256];  /* OpenBLAS configuration, or why it is not used */
    char cuda[600];  /* the device taken by "cuda", or why there is none */
    int64_t memory_total, memory_available; /* bytes; cgroup limits respected */
} logit_machine;

LOGIT_API logit_status logit_machine_describe(logit_machine *machine, logit_error *err);

/* ----------------------------------------------------------------------- 10. Measuring --- */

typedef struct logit_measure {
    char name[64], shape[64], unit[24]; /* "step", "784x10 batch 128", "samples/s" */
    double value;                       /* the figure, in unit */
    double floor;                       /* the best the machine allows, in unit; NaN: none */
    char bound[24];                     /* what sets the floor: "memory", "arithmetic", "tensor",
                                         * "latency", "bus", "" */
} logit_measure;

/* Runs every measurement; the watch hears each line as it comes, and is asked many times a second
 * whether to stop.  data may be NULL, or an image
 * folder for the figures of listing and decoding.  seconds: time to spend on each line.  only: a
 * part of "NAME, SHAPE", for the lines that hold it alone; NULL: all.  What there was no room for
 * comes as a line with the value NaN, and bound says why. */
LOGIT_API logit_status logit_bench(const char *data, const logit_options *options, double seconds,
                                   const char *only, const logit_watch *watch, logit_error *err);

/* ----------------------------------------------------------------------- 11. Comparing --- */

/* What is asked.  logit_compare_options_default fills in the defaults, which are named here. */
typedef struct logit_compare_options {
    logit_options train;   /* the training that is compared; device, out and force are not used */
    const char *device[2]; /* NULL: cuda and cpu where a GPU is usable, else cpu and ref */
    const char *mode;      /* "lockstep": every stage alone, from the same inputs; "free": each
                            * device keeps its own weights */
    int64_t steps;         /* 100; fewer where --epochs ends before */
    double tolerance;      /* 1e-5: of a batch's mean loss, relative (floor 1e-3) */
    int stress;            /* 0; 1: W scaled by powers of two until everything saturates */
    int self_test;         /* 0; 1: faults are planted, the smallest found is reported */
    const char *out;       /* NULL, or a folder for compare.jsonl and the replay file */
    const char *record;    /* NULL, or a file to write device[0]'s hashes and losses to */
    const char *against;   /* NULL, or such a file, in the place of device[1] */
    const char *replay;    /* NULL, or the file of a step that went wrong: data is not read */
    const char *part;      /* of a model's comparison: NULL as for logit_eval, or a part's name */
} logit_compare_options;

LOGIT_API void logit_compare_options_default(logit_compare_options *options);

enum {
    LOGIT_COMPARE_STAGES =
        7,                  /* pixels, features (of a map), logits, loss, gradient, update, step */
    LOGIT_COMPARE_PAIRS = 3 /* A and ref, B and ref, A and B */
};

/* Differences between two devices in one stage, over all steps.  a - b, b the one that is nearer
 * to the truth. */
typedef struct logit_difference {
    const char *stage;         /* static */
    char a[24], b[24];         /* names of the devices: "cuda:1", "cpu", "ref" */
    int64_t count, equal;      /* numbers compared; the same to the last bit */
    int64_t outside;           /* outside their bound, or not finite on one side alone */
    double absolute, relative; /* the largest */
    double ulps;               /* the largest, in units in the last place of a float32 */
    double share;              /* the largest |a - b| / bound; above 1 is outside */
    double signed_mean;        /* of a - b, relative to the mean of |b| */
    int64_t above, below;      /* a > b, a < b */
    double bias;               /* sign test: (above - below) / sqrt(above + below) */
    char bound[96];            /* what the bound is, in words: "8 sqrt(784) u sum |x w|" */
    double worst_case;         /* the worst-case bound gamma_n sum |x w| over ours: how much
                                * would be hidden by it; NaN where there is none */
} logit_difference;

/* Where the first number outside its bound is; step < 0: there is none.  Of a model without one:
 * the sample whose losses differ most, beside their bound. */
typedef struct logit_divergence {
    int64_t step;      /* from 1; 0 of a model */
    const char *stage; /* static */
    char a[24], b[24];
    char sample[256], of[128]; /* names of the sample (or "") and of the class or weight */
    double got, want, bound;
} logit_divergence;

/* How far weights and losses of two free runs are apart after a step. */
typedef struct logit_drift {
    int64_t step;
    double loss[3];     /* batch means of A, B and ref; NaN where there is none */
    double distance[3]; /* |W_a - W_b| / |W_b| of the pairs; NaN where there is none */
    double envelope;    /* how far correct runs may be apart, by members with one-ulp noise */
} logit_drift;

/* What a comparison found.  logit_comparison_clear frees what it holds. */
typedef struct logit_comparison {
    logit_status verdict; /* OK, CHECK, INCONCLUSIVE: what logit_compare returned */
    char sentence[512];   /* the verdict in words */
    char device[3][256];  /* A, B and ref: name and description; "" where there is none */
    const char *mode;     /* "lockstep", "free", "model", "replay", "self-test" */
    const char *part;     /* of a model's set: "test", "val", "train" or "all"; else NULL */
    int64_t steps, samples;
    int differences;
    logit_difference difference[LOGIT_COMPARE_STAGES * LOGIT_COMPARE_PAIRS];
    logit_divergence first;
    double loss[3];              /* of A, B, ref: mean over the run, or over the model's set */
    double loss_start, loss_end; /* ref, on the first batch, with the first and last weights */
    double loss_difference;      /* largest relative one of a batch's mean */
    double margin;               /* free: largest distance / envelope; above 1 is outside */
    int64_t drifts;
    logit_drift *drift;                          /* [drifts], free mode */
    double largest_logit, smallest_probability;  /* regimes met */
    int64_t denormals;                           /* probabilities below 2^-126, not 0 */
    double smallest_fault[LOGIT_COMPARE_STAGES]; /* self-test: relative size found; NaN: not run */
    char reference_rows[128]; /* which rows the reference worked out: "all", "64 of 4096 .." */
    char replay[1024];        /* the file that was written, or "" */
} logit_comparison;

/* data: a set (model NULL), or the set that a model is compared on.  Returns OK, CHECK,
 * INCONCLUSIVE (*out is filled in all three, err tells the sentence), or an error: USAGE, DATA, IO,
 * DEVICE, NOMEM, STOPPED.  out must not be NULL. */
LOGIT_API logit_status logit_compare(const char *data, logit_model *model,
                                     const logit_compare_options *options, const logit_watch *watch,
                                     logit_comparison *out, logit_error *err);
LOGIT_API void logit_comparison_clear(logit_comparison *comparison);

/* ------------------------------------------------------------------------- 12. Packing --- */

/* What is asked.  logit_pack_options_default fills in the defaults, which are named here. */
typedef struct logit_pack_options {
    logit_options data; /* classes, height, width, channels, on_bad, max_bad, threads, memory and
                         * force (1: file may be there already) are used */
    const char *file;   /* the packed file to write; must be given */
    const char *order;  /* "random": rows are mixed, so that neighbours can be a minibatch;
                         * "index": as the samples come.  No result depends on it. */
} logit_pack_options;

LOGIT_API void logit_pack_options_default(logit_pack_options *options);

typedef struct logit_pack_summary {
    int64_t count;  /* samples in the file, all parts */
    int64_t before; /* of them, decoded by a call that was stopped */
    int64_t bad;    /* samples that cannot be decoded (on_bad "skip"): reading them fails as here */
    int classes, height, width, channels;
    int64_t bytes; /* of the file */
    double seconds;
} logit_pack_summary;

/* Decodes the set at data, all its parts, into one file that is mapped when it is trained on
 * (docs/packed-file.md).  Writes FILE.part and renames it; a call that was stopped, killed, or
 * failed leaves it, and the same call goes on.  Errors: USAGE (the file is there already), DATA,
 * IO, NOMEM, LOCKED (another call packs into the file), STOPPED.  summary and watch may be NULL. */
LOGIT_API logit_status logit_pack(const char *data, const logit_pack_options *options,
                                  const logit_watch *watch, logit_pack_summary *summary,
                                  logit_error *err);

/* ------------------------------------------------------------------------- 13. Reports --- */

/* What is asked.  logit_report_options_default fills in the defaults, which are named here. */
typedef struct logit_report_options {
    const char *out;    /* NULL: report.html in the run folder */
    const char *versus; /* NULL, or the class whose weights are taken from all others' */
} logit_report_options;

LOGIT_API void logit_report_options_default(logit_report_options *options);

/* (Re)writes the report of a run: one HTML file without anything from elsewhere.  Errors: IO (no
 * run is there; the file cannot be written), DATA (a file of the run is damaged), USAGE (no such
 * class), NOMEM. */
LOGIT_API logit_status logit_report(const char *run_folder, const logit_report_options *options,
                                    logit_error *err);

/* ------------------------------------------------------------ 14. The story in numbers --- */

/* Cross entropy as textbooks write it, in float32, beside what logit trains with. */
typedef enum logit_naive {
    LOGIT_NAIVE_P,           /* -log p, p = exp(z_y) / sum_j exp(z_j) */
    LOGIT_NAIVE_P_SHIFTED,   /* the same, m = max z taken from every logit first */
    LOGIT_NAIVE_LSE,         /* log sum_j exp(z_j) - z_y */
    LOGIT_NAIVE_LSE_SHIFTED, /* m + log sum_j exp(z_j - m) - z_y */
    LOGIT_NAIVE_WAYS
} logit_naive;

/* One class of a sample. */
typedef struct logit_loss_class {
    double z;                        /* as a float32 holds it */
    double asked;                    /* as it was given */
    double probability, logit, odds; /* in float64; the logit is log odds against all the others */
    double gradient;                 /* d loss / d z, float32, by the backend's own loss */
    double against;                  /* z - z of the reference class */
    double against_probability;      /* of K-1 rows: exp(against) / (1 + sum of those) */
} logit_loss_class;

/* One sample's loss, every way.  logit_loss_sample_clear frees what it holds. */
typedef struct logit_loss_sample {
    int classes, label, reference; /* reference -1: none, and `against` is not filled in */
    double smoothing;
    logit_loss_class *of;           /* [classes] */
    double naive[LOGIT_NAIVE_WAYS]; /* float32 */
    double stable;                  /* float32: log1p(rest) + (m - z_y), as the backend trains */
    double truth;                   /* float64, by the reference backend */
    double top, rest;               /* m = max z; sum over the others of exp(z - m), float64 */
    double difference;          /* two classes: z_1 - z_0, and one sigmoid of it, which is ... */
    double sigmoid_probability; /* ... p_1, in float64 */
    double sigmoid_loss;        /* ... the same loss, float32, by the backend's sigmoid */
    double sigmoid_naive;       /* ... and -log of 1/(1 + exp(-z)), or of 1 minus it, float32 */
    char device[128];           /* what gave `stable` */
} logit_loss_sample;

/* logits [classes], of a softmax; label and reference (or -1) are classes from 0.  device: "cpu",
 * "cuda", .., or NULL for the processor.  Errors: USAGE (a label that is no class, a smoothing
 * outside 0 .. 1, NaN), DEVICE, NOMEM.  A loss that is infinite is no error. */
LOGIT_API logit_status logit_loss_of_logits(const double *logits, int classes, int label,
                                            double smoothing, int reference, const char *device,
                                            logit_loss_sample *out, logit_error *err);
LOGIT_API void logit_loss_sample_clear(logit_loss_sample *sample);

/* The likelihood of a set under a model: the product that is no use, and its logarithm, which is.
 */
typedef struct logit_likelihood {
    int64_t n, bad;
    const char *part;       /* "test", "val", "train" or "all" */
    double smoothing;       /* 0: the likelihood is that of the labels */
    double product32;       /* of the likelihoods exp(-loss), in float32, in the set's order */
    double product64;       /* in float64 */
    int64_t zero32, zero64; /* the sample (from 1) after which it is 0; 0: it never is */
    double last32;          /* the product before that */
    double log_sum;         /* sum of the logarithms = -sum of the losses; float64 */
    double loss;            /* mean: cross entropy, in nats */
    double truth;           /* the same from the same logits in float64 */
    double naive[LOGIT_NAIVE_WAYS];                /* means over the samples where it is finite */
    int64_t not_finite[LOGIT_NAIVE_WAYS];          /* samples where it is not */
    int64_t wrong[LOGIT_NAIVE_WAYS], stable_wrong; /* samples off by more than 1e-5 of their loss */
    int64_t stable_not_finite; /* samples whose loss is not finite: the model is not, most likely */
    double worst_probability;  /* the least likely sample's likelihood */
    int64_t worst;             /* its number, from 1 */
    double reference_gap;      /* with a reference: how far any probability from K-1 rows is from
                                * that from K, at most */
    char device[128];
} logit_likelihood;

/* part as in logit_eval; reference: a class, or -1.  Errors: as logit_eval; USAGE (a loss without
 * likelihood). */
LOGIT_API logit_status logit_loss_of_set(logit_model *model, const char *data, const char *part,
                                         double smoothing, int reference,
                                         const logit_options *options, const logit_watch *watch,
                                         logit_likelihood *out, logit_error *err);

/* ---------------------------------------------------------------------- 15. Explaining --- */

/* What is asked. */
typedef struct logit_explain_options {
    const char *classes; /* "A,B": these; NULL: the `top` likeliest */
    const char *versus;  /* NULL, or a class whose row is taken from each of theirs */
    int top;             /* 2 */
    int supports;        /* training samples to name on either side, 5 */
    const char *data;    /* NULL, or the set that the model was trained on */
    double l2;           /* of that training; NaN: as the model says */
} logit_explain_options;

LOGIT_API void logit_explain_options_default(logit_explain_options *options);

/* A training sample and what it says.  With l2 the optimum's weights are a sum over the training
 * set, w = sum_i a_i x_i with a_i = -(weight_i dz_i) / (l2 sum of weights); so each sample's part
 * in the score of x is a_i <x_i, x>. */
typedef struct logit_support {
    char *name;
    int label;                /* its class; -1: it has none */
    double alpha, similarity; /* a_i and <x_i, x> */
    double share;             /* their product */
} logit_support;

/* One class, or the difference of two. */
typedef struct logit_explained {
    int class_index, versus_index; /* versus -1: none */
    double bias, sum, z;           /* z = bias + sum of product; float64 */
    double predicted;              /* z as the float64 backend has it */
    double probability, logit;     /* of the class among all; with versus: against that alone */
    double *weight;                /* [columns] w_j */
    double *product;               /* [features] w_j x_j; with a map what it comes to, in pixels */
    double *term;                  /* [columns] with a map w_j y_j, else NULL */
    int fors, againsts;            /* training samples below */
    logit_support *support;        /* [fors + againsts]: most for first, then most against */
    double supported, residual;    /* sum of all shares; sum - supported */
    double gradient;               /* |dJ/dw| of this row: 0 at the optimum */
} logit_explained;

/* What a model makes of one sample, and why.  logit_explanation_clear frees what it holds.
 *
 * With a feature map z_c = b_c + sum_j w_cj (y_j + shift_j), y_j what the map makes of the pixels
 * and scales.  The shifts are the same for every sample: bias is b_c + sum_j w_cj shift_j.  Of
 * patch y_j is a mean over windows: the part of each is spread evenly over its window's pixels.  Of
 * square and cross it is u_a or u_a u_b, of which a and b have half each. */
typedef struct logit_explanation {
    char name[600];
    int height, width, channels, floats;
    int64_t features;   /* elements of the sample */
    int64_t columns;    /* of W: as many, or what the map makes of them */
    char map[320];      /* "patch:128,size=8,..", or "" */
    double *y;          /* [columns] with a map, else NULL */
    uint8_t *pixels;    /* [height][width][channels], NULL where the sample is of floats */
    double *stored, *x; /* [features] as read, and normalised */
    int count;
    logit_explained *of;      /* [count], the likeliest first, or in the order asked for */
    int64_t samples, trained; /* with data: in its training part; that the model was trained on, 0:
                               * not known */
    double l2;                /* NaN without data */
} logit_explanation;

/* file: an image, or FILE.npy[17].  options: device is not used (float64 throughout); with data
 * those that say what was trained on (val_split, class_weight, ..).  Errors: USAGE (also a map
 * whose terms belong to no place: rff, sigmoid, step; data with any map), DATA, IO, NOMEM, STOPPED.
 */
LOGIT_API logit_status logit_explain(logit_model *model, const char *file,
                                     const logit_explain_options *asked,
                                     const logit_options *options, const logit_watch *watch,
                                     logit_explanation *out, logit_error *err);
LOGIT_API void logit_explanation_clear(logit_explanation *explanation);

/* The sample, and beside it w_j x_j of every pixel (summed over channels) from blue (against) over
 * white to red (for), as a PNG file; `which` of the classes, or -1 for all, one below the other.
 * Errors: USAGE (features are no picture), IO, NOMEM. */
LOGIT_API logit_status logit_explanation_draw(const logit_explanation *explanation, int which,
                                              const char *path, logit_error *err);

/* -------------------------------------------------------------------------- 16. Exporting --- */

/* What is asked.  logit_export_options_default fills in the defaults, which are named here. */
typedef struct logit_export_options {
    const char *file;   /* to write; must be given */
    const char *format; /* "auto": by the ending of file.  A name of logit_export_name */
    const char *prior;  /* as of logit_options: what the file gives is what a prediction with */
    double temperature; /* these would, NULL and 1 */
    int force;          /* 0; 1: file may be there already */
} logit_export_options;

LOGIT_API void logit_export_options_default(logit_export_options *options);

typedef struct logit_export_summary {
    const char *format; /* static */
    int64_t bytes;      /* of the file */
} logit_export_summary;

/* Writes a model so that other programs can use it without logit: normalisation, weights, what is
 * made of the logits, and the names of the classes (docs/export.md).  Errors: USAGE (no such
 * format, the file is there already, a prior or a temperature that does not go with the model),
 * DATA (weights that are not finite; more than the format holds), IO, NOMEM.  summary may be NULL.
 */
LOGIT_API logit_status logit_export(const logit_model *model, const logit_export_options *options,
                                    logit_export_summary *summary, logit_error *err);

#ifdef __cplusplus
}
#endif

#endif
