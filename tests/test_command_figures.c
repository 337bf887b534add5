/* test_command_figures.c -- what the built command says of models of numbers, of sets without
 * parts, of sets with bad images, and of many settings.
 *
 * Tests (suite command_figures). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/command_rig.h"
#include "tests/small_set.h"

Suite *lg_suite_command_figures(void);

static void setup(void)
{
    command_setup();
    small_set_begin();
    small_set_write_targets(small_set_path("numbers"), 60, 1);
    small_set_write_folder(small_set_path("folder"), 2, 2);
    small_set_write_targets(small_set_path("soft"), 60, 3);
    setenv("SOFT", small_set_path("soft"), 1);
    setenv("NUMBERS", small_set_path("numbers"), 1);
    setenv("IMAGE", small_set_path("folder/c0/00000.pgm"), 1);
    expect(0, "\"$LOGIT\" train \"$NUMBERS\" -o \"$DIR/numbers\" -q");
}

static void teardown(void)
{
    small_set_end();
    command_teardown();
}

START_TEST(a_number_is_shown_as_a_value)
{
    expect(0, "set -e; cd \"$DIR\"; \"$LOGIT\" predict numbers \"$IMAGE\" \"$IMAGE\" >text\n"
              "head -n 1 text | grep -qxE ' +value  file'\n"
              "test \"$(grep -cE '^ +-?[0-9.]+(e[-+][0-9]+)?  /.*/00000.pgm$' text)\" = 2\n"
              "! grep -q -e ' - ' -e class text");
}
END_TEST

START_TEST(what_a_model_does_not_know_is_an_empty_field)
{
    expect(0, "set -e; cd \"$DIR\"; \"$LOGIT\" predict numbers \"$IMAGE\" --format csv >csv\n"
              "tr -d '\\r' <csv | tail -n 1 | grep -qE '^[^,]*,,,-?[0-9.]+(e[-+][0-9]+)?,,$'\n"
              "! grep -q nan csv\n"
              "\"$LOGIT\" predict numbers \"$IMAGE\" --format json | grep -q '\"odds\": null'");
}
END_TEST

START_TEST(only_a_likelihood_is_in_nats)
{
    expect(0, "set -e; cd \"$DIR\"; \"$LOGIT\" eval numbers \"$NUMBERS\" >text\n"
              "grep -qE '^  loss  .*[0-9] \\(95 %' text; ! grep -q nats text\n"
              "\"$LOGIT\" eval run set | grep -qE '^  loss  .*[0-9] nats \\(95 %'\n"
              "\"$LOGIT\" train set --loss mse -o squares -q --epochs 2\n"
              "\"$LOGIT\" eval squares set >text; ! grep -q nats text");
}
END_TEST

/* On standard error, with the model's own T; a model without one has nothing to say. */
START_TEST(predict_says_what_divides_its_logits)
{
    expect(0, "set -e; cd \"$DIR\"; \"$LOGIT\" train set --calibrate -o cooled -q --epochs 2\n"
              "t=$(\"$LOGIT\" eval cooled set --format json | "
              "sed -n 's/.*\"temperature\": \\([0-9.]*\\).*/\\1/p')\n"
              "image=set/test/dark/000.ppm; note=\"are those of z / $(printf %.4g \"$t\"), the\"\n"
              "\"$LOGIT\" predict cooled $image 2>err >text; grep -q \"$note temp.* model$\" err\n"
              "! grep -q ' z / ' text\n"
              "\"$LOGIT\" predict cooled $image --temperature 2 2>err >text\n"
              "grep -q \"$note .*, and / 2, that of --temperature$\" err\n"
              "\"$LOGIT\" predict cooled $image -q 2>err >text; ! grep -q ' z / ' err\n"
              "\"$LOGIT\" predict run $image --temperature 2 2>err >text; ! grep -q ' z / ' err");
}
END_TEST

START_TEST(a_set_without_parts_may_be_the_training_set)
{
    expect(0, "set -e; cd \"$DIR\"\n"
              "\"$LOGIT\" eval run set/train | "
              "grep -qx '.*set/train.*, all: 48 images, perhaps those it was trained on'\n"
              "\"$LOGIT\" eval run set | grep -qx '.*set.*, test: 16 images'");
}
END_TEST

/* Each bad image once by its name, and a command that is then as good as its word. */
START_TEST(data_names_bad_images_once_and_how_to_go_on)
{
    expect(0, "set -e; cd \"$DIR\"; cp -r set damaged\n"
              "echo junk >damaged/train/dark/zzz.ppm; echo junk >damaged/train/dark/yyy.ppm\n"
              "\"$LOGIT\" data damaged >text\n"
              "grep -q '^    damaged/train/dark/zzz.ppm: image at byte 0: ' text\n"
              "! grep 'zzz.*zzz' text\n"
              "next=$(sed -n 's/^next: logit //p' text); echo \"$next\"\n"
              "test \"$next\" = 'train damaged --on-bad skip --max-bad 0.6'\n"
              "for seed in 0 1 2 3; do\n"
              "    \"$LOGIT\" $next --seed $seed -o go$seed -q --epochs 2; done");
}
END_TEST

/* An epoch is one line however many settings there are; the table has them all, best first. */
START_TEST(a_grid_is_shown_in_few_lines)
{
    expect(0, "set -e; cd \"$DIR\"; grid='--optimizer sgd --lr 0.1,1e-6,1e30 --l2 0.1,0.5'\n"
              "\"$LOGIT\" train set $grid --epochs 4 -o grid >text\n"
              "test \"$(grep -cE '^ +[1-4] +[0-9].* [0-9]/6$' text)\" = 4\n"
              "test \"$(grep -c 'diverged in step [0-9]*, and was frozen$' text)\" = 2\n"
              "test \"$(grep -c '  kept$' text)\" = 1\n"
              "grep -A 1 '^setting ' text | grep -q '  kept$'\n"
              "test \"$(grep -A 6 '^setting ' text | grep -cE '^ +[0-5] ')\" = 6\n"
              "\"$LOGIT\" train set $grid --epochs 4 -v -o grid-v >text\n" /* -v: all of them */
              "test \"$(grep -cE '^ +[2-4] +[0-5] +[0-9.e-]+ ' text)\" = 12\n"
              "\"$LOGIT\" train set $grid --epochs 4 --format json -o grid-j >json\n"
              "test \"$(grep -o '\"diverged_step\": [0-9]' json | wc -l)\" = 2\n"
              "test \"$(grep -o '\"kept\": true' json | wc -l)\" = 1\n"
              "test \"$(grep -o '\"label_smoothing\": 0' json | wc -l)\" = 6");
}
END_TEST

/* What was kept, and why there was no more. */
START_TEST(patience_says_why_it_ended)
{
    expect(0, "set -e; cd \"$DIR\"; hasty='--optimizer sgd --lr 3 --epochs 200 --patience 2'\n"
              "\"$LOGIT\" train set $hasty -o hasty >text\n"
              "grep -qE '^epoch: [0-9]+ of [0-9]+ has the best validation loss; "
              "stopped after 2 without a better one$' text\n"
              "set -- $(sed -n 's/^epoch: \\([0-9]*\\) of \\([0-9]*\\) .*/\\1 \\2/p' text)\n"
              "test $(($1 + 2)) = $2\n"
              "grep -q \"\\\"kept_epoch\\\":$1,\\\"out_of_patience\\\":true\" hasty/metrics.jsonl\n"
              "grep -q '^patience = 2$' hasty/config.ini\n"
              "\"$LOGIT\" train set $hasty --val-split 0 -o none 2>err && exit 1; test $? = 2");
}
END_TEST

/* The head of the page says what the end of metrics.jsonl holds, and what eval.json does. */
START_TEST(the_report_says_how_lbfgs_ended_and_what_no_model_can_do)
{
    expect(0,
           "set -e; cd \"$DIR\"; \"$LOGIT\" train set --optimizer lbfgs --l2 0.1 -o opt -q\n"
           "set -- $(tail -1 opt/metrics.jsonl | sed -E "
           "'s/.*\"passes\":([0-9]+),.*\"gradient\":([^,]*),.*\"gap\":([^,]*),.*/\\1 \\2 \\3/')\n"
           "grep -q \"lbfgs: converged after $1 passes, |gradient| $(printf %.2g $2); "
           "J is at most $(printf %.2g $3) above its optimum\" opt/report.html\n"
           "\"$LOGIT\" train set --optimizer lbfgs --l1 0.01 --epochs 3 -o few -q\n"
           "grep -q 'lbfgs: not converged after 3 passes' few/report.html\n"
           "! grep -q 'lbfgs:' run/report.html\n"
           "\"$LOGIT\" train \"$SOFT\" -o soft -q --epochs 2\n"
           "for key in target_entropy kl; do printf '<b>%.4g</b>\\n' "
           "$(sed -E \"s/.*\\\"$key\\\": ([^,]*),.*/\\1/\" soft/eval.json); done >want\n"
           "grep -oE '<b>[^<]*</b><span>(entropy of|KL)' soft/report.html | "
           "sed 's/<span.*//' | diff want -");
}
END_TEST

/* Which predictions, beside how many. */
START_TEST(verify_names_what_is_not_proven)
{
    expect(0,
           "cd \"$DIR\"; \"$LOGIT\" train set --optimizer lbfgs --l2 0.1 --val-split 0 "
           "--tolerance 0.1 -o loose -q || exit 9\n"
           "\"$LOGIT\" verify loose set --format json >json 2>err; test $? = 1 || exit 9\n"
           "\"$LOGIT\" verify loose set >text 2>err; \"$LOGIT\" verify loose set -v >long 2>err\n"
           "set -e; n=$(grep -o '\"margin\"' json | wc -l); test $n -gt 10\n"
           "all=$(grep -oE '\"count\": [0-9]+' json | awk '{s += $2} END {print s}')\n"
           "sure=$(grep -oE '\"certain\": [0-9]+' json | awk '{s += $2} END {print s}')\n"
           "test $((all - sure)) = $n\n"
           "grep -q 'not proven (the first 10; -v lists all)' text\n"
           "test $(grep -c 'set/t.*ppm$' text) = 10; test $(grep -c 'set/t.*ppm$' long) = $n");
}
END_TEST

Suite *lg_suite_command_figures(void)
{
    Suite *suite = suite_create("command_figures");
    TCase *all = tcase_create("command_figures");
    tcase_add_unchecked_fixture(all, setup, teardown);
    tcase_set_timeout(all, 120);
    tcase_add_test(all, a_number_is_shown_as_a_value);
    tcase_add_test(all, what_a_model_does_not_know_is_an_empty_field);
    tcase_add_test(all, only_a_likelihood_is_in_nats);
    tcase_add_test(all, predict_says_what_divides_its_logits);
    tcase_add_test(all, a_set_without_parts_may_be_the_training_set);
    tcase_add_test(all, data_names_bad_images_once_and_how_to_go_on);
    tcase_add_test(all, a_grid_is_shown_in_few_lines);
    tcase_add_test(all, patience_says_why_it_ended);
    tcase_add_test(all, the_report_says_how_lbfgs_ended_and_what_no_model_can_do);
    tcase_add_test(all, verify_names_what_is_not_proven);
    suite_add_tcase(suite, all);
    return suite;
}
