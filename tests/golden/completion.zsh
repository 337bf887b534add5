#compdef logit
# zsh completion of logit; made by: logit help --completion zsh
_logit() {
    local curcontext=$curcontext state line
    typeset -A opt_args
    local -a verbs=(
        'train:train a classifier on a set of images'
        'eval:measure a trained model on a set of images'
        'verify:prove how far a model is from the optimum'
        'predict:say what is in images'
        'explain:see which pixels speak for a class'
        'loss:see how a loss comes from logits, step by step'
        'data:look at a set of images before training'
        'compare:see whether two devices train alike'
        'pack:decode a set once, into one fast file'
        'export:write a model for other programs'
        'report:draw the page of a run anew'
        'info:show version, processor, devices and memory'
        'bench:measure the speed of the parts on this machine'
        'help:explain a verb, or print the manual page'
    )
    _arguments -C '1:command:->verb' '*::argument:->rest'
    if [[ $state = verb ]]; then
        _describe command verbs
    elif [[ $state = rest ]]; then
        curcontext=${curcontext%:*:*}:logit-$words[1]:
        case $words[1] in
        train)
            _arguments -s -S \
                '--val=[validate on this set]:DATA:_files' \
                '--val-split=[hold out this share of the training images where there is no validation part; 0 for none]:SHARE: ' \
                '--folds=[cross-validation: train every setting N times on N-1 of N parts of the training images and measure it on the other; the best in the mean is then trained on all of them.  Takes no --val]:N: ' \
                '--pick=[with --folds: best, the setting with the best mean; 1se, the strongest penalty whose mean is within a standard error of it]:pick:(best 1se)' \
                '--test=[test on this set, once, at the end]:DATA:_files' \
                '--size=[height and width of the images the model sees; others are scaled and cut at the centre]:HxW: ' \
                '--channels=[1 for grey, 3 for colour]:channels:(auto 1 3)' \
                '--normalize=[unit: pixels from 0 to 1; standard: then minus the mean, over the deviation, per channel]:normalize:(standard unit)' \
                '--features=[a fixed map between pixels and W: square, cross, rff, sigmoid, step or patch, with N units; its keys: docs/features.md]:features:(square cross rff sigmoid step patch)' \
                '--shuffle=[order of the images: full, drawn anew each epoch; block, also, but from neighbours in the file, for sets that no memory holds; none, as they come; auto: block for tar files and for packed files over 4 GiB, else full]:shuffle:(auto full block none)' \
                '--sampling=[all: each training image once an epoch; balanced: as many are drawn, all classes alike]:sampling:(all balanced)' \
                '--flip[mirror training images left to right, half of them in each epoch]' \
                '--shift=[move training images by up to N pixels up, down, left and right, anew in each epoch; what comes in from outside is the pixel at the edge]:N: ' \
                '--classes=[use these classes alone, in this order]:A,B,..: ' \
                '--labels=[which labels of CIFAR-100: the 20 coarse ones, or the 100 fine ones, which is auto]:labels:(auto coarse fine)' \
                '--decoder=[what decodes JPEGs; turbo: libjpeg-turbo, faster; auto: what the model was trained with, else stb]:decoder:(auto stb turbo)' \
                '--untrusted[decode image files in processes that can do nothing else; results do not depend on it]' \
                '--on-bad=[at an image that cannot be read: fail, or skip it and go on]:on-bad:(fail skip)' \
                '--cache=[where images that do not fit in memory are kept decoded, for this run and later ones; or off]:DIR|off:_files' \
                '--max-bad=[with --on-bad skip, stop after all where more than this share is bad]:SHARE: ' \
                '--loss=[what is minimised; auto: sigmoid for two classes, softmax for more]:loss:(auto softmax sigmoid mse)' \
                '--l2=[penalty (l2/2) |W|^2 in the objective; biases are free]:A[,B..]: ' \
                '--l1=[penalty l1 |W|_1 in the objective, which leads weights to exactly 0; with --l2 an elastic net; takes --optimizer lbfgs]:A[,B..]: ' \
                '--path=[lbfgs goes through N values of --l2 (20) from the strongest penalty down, each from the optimum of the one before; or A,B,.. that fall; l1:FROM:TO is a path of --l1; the validation part picks]:FROM\:TO[\:N]: ' \
                '--label-smoothing=[train towards (1-e) label + e/K in place of the label]:E[,F..]: ' \
                '--calibrate[at the end, fit a temperature on the validation part, so that probabilities mean what they say]' \
                '--class-weight=[balanced, so that each class counts the same, or cat=2,dog=1]:WEIGHTS: ' \
                '--init=[where the biases begin: prior, at the log share of each class, or zero]:init:(prior zero)' \
                '--from=[begin with the weights of this model]:MODEL:_files' \
                '--optimizer=[how the weights are moved; gd sees the whole set for each step; lbfgs too, and goes to the optimum]:optimizer:(gd sgd adam lbfgs)' \
                '--lr=[learning rate]:A[,B..]: ' \
                '--momentum=[momentum of gd and sgd]:A[,B..]: ' \
                '--nesterov[look ahead: Nesterov'\''s form of momentum]' \
                '--weight-decay=[shrink the weights by lr times this at each step, apart from the gradient (AdamW)]:A: ' \
                '--tolerance=[lbfgs is done where no component of the gradient is above this; those of the weights count relative to the size of a feature]:R: ' \
                '--schedule=[how the learning rate goes over the run; cosine: down to 0; step: down in steps; auto: const where --lr is given, else cosine]:schedule:(auto const cosine step)' \
                '--step-every=[with --schedule step, epochs from one fall of the learning rate to the next]:EPOCHS: ' \
                '--step-factor=[with --schedule step, what the learning rate is multiplied by]:A: ' \
                '--warmup=[raise the learning rate in equal steps over the first epochs; 0.5 is half of one]:EPOCHS: ' \
                '--epochs=[passes over the training images]:N: ' \
                '--patience=[stop once the validation part has got no better for N epochs; the best one is the model]:N: ' \
                '--metric=[what --patience and the choice among several settings go by, on the validation part]:metric:(loss accuracy)' \
                '--batch-size=[images per step of sgd and adam; gd and lbfgs see all of them in each]:N: ' \
                '--seed=[decides every random choice; the same seed gives the same bits]:N: ' \
                '--device=[what computes; auto: a usable GPU, else the processor; ref: slow, in double precision]:device:(auto cpu cuda ref)' \
                '--precision=[number type of what is multiplied; sums stay float32; tf32 and bf16 take a GPU]:precision:(f32 tf32 bf16)' \
                '--threads=[threads to use; results do not depend on it]:N: ' \
                '--memory=[most memory for decoded images, such as 512M or 4G; results do not depend on it]:BYTES: ' \
                '--device-memory=[most memory of a GPU for images; what does not fit is streamed, with the same results]:BYTES: ' \
                '(-o --out)--out=[run folder to write]:DIR:_files' \
                '(-o --out)-o+[run folder to write]:DIR:_files' \
                '--force[write into a run folder that is not empty]' \
                '--resume[go on from the newest checkpoint in -o; from the beginning where there is none]' \
                '--checkpoint-every=[save after so many steps, or so many seconds (s, m, h), never for over a hundredth of the time]:N|Ns: ' \
                '--log-every=[add a line to metrics.jsonl after every N steps; 0 for none]:N: ' \
                '--format=[text for people, json for programs]:format:(text json)' \
                '--config=[read options from lines of the form name = value; the environment and the command line win]:FILE:_files' \
                '--print-config[print every option as a config file, with where its value came from, and do nothing else]' \
                '--progress=[auto: one line that is rewritten, on a terminal; plain: a line now and then; none]:progress:(auto plain none)' \
                '(-q --quiet)--quiet[results and warnings alone]' \
                '(-q --quiet)-q[results and warnings alone]' \
                '(-v --verbose)--verbose[say more, and where in the source an error arose]' \
                '(-v --verbose)-v[say more, and where in the source an error arose]' \
                '(-h --help)--help[this text]' \
                '(-h --help)-h[this text]' \
                '*:file:_files' ;;
        eval)
            _arguments -s -S \
                '--labels=[which labels of CIFAR-100: the 20 coarse ones, or the 100 fine ones, which is auto]:labels:(auto coarse fine)' \
                '--decoder=[what decodes JPEGs; turbo: libjpeg-turbo, faster; auto: what the model was trained with, else stb]:decoder:(auto stb turbo)' \
                '--untrusted[decode image files in processes that can do nothing else; results do not depend on it]' \
                '--on-bad=[at an image that cannot be read: fail, or skip it and go on]:on-bad:(fail skip)' \
                '--cache=[where images that do not fit in memory are kept decoded, for this run and later ones; or off]:DIR|off:_files' \
                '--max-bad=[with --on-bad skip, stop after all where more than this share is bad]:SHARE: ' \
                '--device=[what computes; auto: a usable GPU, else the processor; ref: slow, in double precision]:device:(auto cpu cuda ref)' \
                '--threads=[threads to use; results do not depend on it]:N: ' \
                '--memory=[most memory for decoded images, such as 512M or 4G; results do not depend on it]:BYTES: ' \
                '--device-memory=[most memory of a GPU for images; what does not fit is streamed, with the same results]:BYTES: ' \
                '--part=[part of DATA to measure]:part:(train val test)' \
                '--top=[also count an image as right where its class is among the K likeliest]:K: ' \
                '--wrong=[list the N images that are most wrong, and as many whose labels are likely errors]:N: ' \
                '--format=[text for people, json for programs]:format:(text json)' \
                '--config=[read options from lines of the form name = value; the environment and the command line win]:FILE:_files' \
                '--print-config[print every option as a config file, with where its value came from, and do nothing else]' \
                '--progress=[auto: one line that is rewritten, on a terminal; plain: a line now and then; none]:progress:(auto plain none)' \
                '(-q --quiet)--quiet[results and warnings alone]' \
                '(-q --quiet)-q[results and warnings alone]' \
                '(-v --verbose)--verbose[say more, and where in the source an error arose]' \
                '(-v --verbose)-v[say more, and where in the source an error arose]' \
                '(-h --help)--help[this text]' \
                '(-h --help)-h[this text]' \
                '*:file:_files' ;;
        verify)
            _arguments -s -S \
                '--labels=[which labels of CIFAR-100: the 20 coarse ones, or the 100 fine ones, which is auto]:labels:(auto coarse fine)' \
                '--decoder=[what decodes JPEGs; turbo: libjpeg-turbo, faster; auto: what the model was trained with, else stb]:decoder:(auto stb turbo)' \
                '--untrusted[decode image files in processes that can do nothing else; results do not depend on it]' \
                '--on-bad=[at an image that cannot be read: fail, or skip it and go on]:on-bad:(fail skip)' \
                '--cache=[where images that do not fit in memory are kept decoded, for this run and later ones; or off]:DIR|off:_files' \
                '--max-bad=[with --on-bad skip, stop after all where more than this share is bad]:SHARE: ' \
                '--threads=[threads to use; results do not depend on it]:N: ' \
                '--memory=[most memory for decoded images, such as 512M or 4G; results do not depend on it]:BYTES: ' \
                '--tolerance=[how far the objective may be above its optimum, relative to it]:R: ' \
                '--format=[text for people, json for programs]:format:(text json)' \
                '--config=[read options from lines of the form name = value; the environment and the command line win]:FILE:_files' \
                '--print-config[print every option as a config file, with where its value came from, and do nothing else]' \
                '--progress=[auto: one line that is rewritten, on a terminal; plain: a line now and then; none]:progress:(auto plain none)' \
                '(-q --quiet)--quiet[results and warnings alone]' \
                '(-q --quiet)-q[results and warnings alone]' \
                '(-v --verbose)--verbose[say more, and where in the source an error arose]' \
                '(-v --verbose)-v[say more, and where in the source an error arose]' \
                '(-h --help)--help[this text]' \
                '(-h --help)-h[this text]' \
                '*:file:_files' ;;
        predict)
            _arguments -s -S \
                '--decoder=[what decodes JPEGs; turbo: libjpeg-turbo, faster; auto: what the model was trained with, else stb]:decoder:(auto stb turbo)' \
                '--untrusted[decode image files in processes that can do nothing else; results do not depend on it]' \
                '--on-bad=[what is malformed is reported, and the others go on; at the end fail, with exit code 4, or skip it, with 0]:on-bad:(fail skip)' \
                '--device=[what computes; auto: a usable GPU, else the processor; ref: slow, in double precision]:device:(auto cpu cuda ref)' \
                '--top=[show the K likeliest classes of each image]:K: ' \
                '--prior=[how common the classes are where the images come from, such as cat=0.9,dog=0.1 (Bayes'\'' rule)]:A=P,..: ' \
                '--temperature=[divide the logits by T: above 1 less certain, below 1 more; the order of the classes stays]:T: ' \
                '--input=[what - stands for: names of files; csv, rows of pixels (0 to 255) or features; jsonl, a line {"path": ..}, {"pixels": \[..\]} or {"x": \[..\]} each]:input:(names csv jsonl)' \
                '(-0 --null)--null[names on standard input end with a NUL byte, as find -print0 writes them]' \
                '(-0 --null)-0[names on standard input end with a NUL byte, as find -print0 writes them]' \
                '--format=[text for people; json, one array; jsonl, an object per line; csv, as RFC 4180 has it]:format:(text json jsonl csv)' \
                '--config=[read options from lines of the form name = value; the environment and the command line win]:FILE:_files' \
                '--print-config[print every option as a config file, with where its value came from, and do nothing else]' \
                '(-q --quiet)--quiet[results and warnings alone]' \
                '(-q --quiet)-q[results and warnings alone]' \
                '(-v --verbose)--verbose[say more, and where in the source an error arose]' \
                '(-v --verbose)-v[say more, and where in the source an error arose]' \
                '(-h --help)--help[this text]' \
                '(-h --help)-h[this text]' \
                '*:file:_files' ;;
        explain)
            _arguments -s -S \
                '--val=[validate on this set]:DATA:_files' \
                '--val-split=[hold out this share of the training images where there is no validation part; 0 for none]:SHARE: ' \
                '--decoder=[what decodes JPEGs; turbo: libjpeg-turbo, faster; auto: what the model was trained with, else stb]:decoder:(auto stb turbo)' \
                '--untrusted[decode image files in processes that can do nothing else; results do not depend on it]' \
                '--on-bad=[at an image that cannot be read: fail, or skip it and go on]:on-bad:(fail skip)' \
                '--max-bad=[with --on-bad skip, stop after all where more than this share is bad]:SHARE: ' \
                '--class-weight=[balanced, so that each class counts the same, or cat=2,dog=1]:WEIGHTS: ' \
                '--seed=[decides every random choice; the same seed gives the same bits]:N: ' \
                '--threads=[threads to use; results do not depend on it]:N: ' \
                '--memory=[most memory for decoded images, such as 512M or 4G; results do not depend on it]:BYTES: ' \
                '--class=[explain these classes]:A,B: ' \
                '--versus=[explain why a class rather than this one: the difference of their scores]:CLASS: ' \
                '--top=[explain the K likeliest classes]:K: ' \
                '--terms=[list so many of the largest terms, and of the training images on either side]:N: ' \
                '--data=[the set that the model was trained on: name the images that speak for and against]:DATA:_files' \
                '(-o --out)--out=[write the heat maps: FILE.png holds all, DIR one file per class]:FILE|DIR:_files' \
                '(-o --out)-o+[write the heat maps: FILE.png holds all, DIR one file per class]:FILE|DIR:_files' \
                '--format=[text for people, json for programs]:format:(text json)' \
                '--config=[read options from lines of the form name = value; the environment and the command line win]:FILE:_files' \
                '--print-config[print every option as a config file, with where its value came from, and do nothing else]' \
                '--progress=[auto: one line that is rewritten, on a terminal; plain: a line now and then; none]:progress:(auto plain none)' \
                '(-q --quiet)--quiet[results and warnings alone]' \
                '(-q --quiet)-q[results and warnings alone]' \
                '(-v --verbose)--verbose[say more, and where in the source an error arose]' \
                '(-v --verbose)-v[say more, and where in the source an error arose]' \
                '(-h --help)--help[this text]' \
                '(-h --help)-h[this text]' \
                '*:file:_files' ;;
        loss)
            _arguments -s -S \
                '--decoder=[what decodes JPEGs; turbo: libjpeg-turbo, faster; auto: what the model was trained with, else stb]:decoder:(auto stb turbo)' \
                '--untrusted[decode image files in processes that can do nothing else; results do not depend on it]' \
                '--on-bad=[at an image that cannot be read: fail, or skip it and go on]:on-bad:(fail skip)' \
                '--cache=[where images that do not fit in memory are kept decoded, for this run and later ones; or off]:DIR|off:_files' \
                '--max-bad=[with --on-bad skip, stop after all where more than this share is bad]:SHARE: ' \
                '--device=[what computes; auto: a usable GPU, else the processor; ref: slow, in double precision]:device:(auto cpu cuda ref)' \
                '--threads=[threads to use; results do not depend on it]:N: ' \
                '--memory=[most memory for decoded images, such as 512M or 4G; results do not depend on it]:BYTES: ' \
                '--device-memory=[most memory of a GPU for images; what does not fit is streamed, with the same results]:BYTES: ' \
                '--part=[part of DATA to measure]:part:(train val test)' \
                '--logits=[one logit per class; A*N stands for N times A]:A,B,..: ' \
                '--label=[the true class of the logits, counted from 0]:CLASS: ' \
                '--smoothing=[the loss towards (1-e) label + e/K in place of the label]:E: ' \
                '--reference=[take this class'\''s row from every row: K-1 rows, each a log odds against it; a class'\''s name, or its number with --logits]:CLASS: ' \
                '--format=[text for people, json for programs]:format:(text json)' \
                '--config=[read options from lines of the form name = value; the environment and the command line win]:FILE:_files' \
                '--print-config[print every option as a config file, with where its value came from, and do nothing else]' \
                '--progress=[auto: one line that is rewritten, on a terminal; plain: a line now and then; none]:progress:(auto plain none)' \
                '(-q --quiet)--quiet[results and warnings alone]' \
                '(-q --quiet)-q[results and warnings alone]' \
                '(-v --verbose)--verbose[say more, and where in the source an error arose]' \
                '(-v --verbose)-v[say more, and where in the source an error arose]' \
                '(-h --help)--help[this text]' \
                '(-h --help)-h[this text]' \
                '*:file:_files' ;;
        data)
            _arguments -s -S \
                '--classes=[use these classes alone, in this order]:A,B,..: ' \
                '--labels=[which labels of CIFAR-100: the 20 coarse ones, or the 100 fine ones, which is auto]:labels:(auto coarse fine)' \
                '--decoder=[what decodes JPEGs; turbo: libjpeg-turbo, faster; auto: what the model was trained with, else stb]:decoder:(auto stb turbo)' \
                '--untrusted[decode image files in processes that can do nothing else; results do not depend on it]' \
                '--threads=[threads to use; results do not depend on it]:N: ' \
                '--format=[text for people, json for programs]:format:(text json)' \
                '--config=[read options from lines of the form name = value; the environment and the command line win]:FILE:_files' \
                '--print-config[print every option as a config file, with where its value came from, and do nothing else]' \
                '--progress=[auto: one line that is rewritten, on a terminal; plain: a line now and then; none]:progress:(auto plain none)' \
                '(-q --quiet)--quiet[results and warnings alone]' \
                '(-q --quiet)-q[results and warnings alone]' \
                '(-v --verbose)--verbose[say more, and where in the source an error arose]' \
                '(-v --verbose)-v[say more, and where in the source an error arose]' \
                '(-h --help)--help[this text]' \
                '(-h --help)-h[this text]' \
                '*:file:_files' ;;
        compare)
            _arguments -s -S \
                '--val=[validate on this set]:DATA:_files' \
                '--val-split=[hold out this share of the training images where there is no validation part; 0 for none]:SHARE: ' \
                '--test=[test on this set, once, at the end]:DATA:_files' \
                '--size=[height and width of the images the model sees; others are scaled and cut at the centre]:HxW: ' \
                '--channels=[1 for grey, 3 for colour]:channels:(auto 1 3)' \
                '--normalize=[unit: pixels from 0 to 1; standard: then minus the mean, over the deviation, per channel]:normalize:(standard unit)' \
                '--features=[a fixed map between pixels and W: square, cross, rff, sigmoid, step or patch, with N units; its keys: docs/features.md]:features:(square cross rff sigmoid step patch)' \
                '--shuffle=[order of the images: full, drawn anew each epoch; block, also, but from neighbours in the file, for sets that no memory holds; none, as they come; auto: block for tar files and for packed files over 4 GiB, else full]:shuffle:(auto full block none)' \
                '--sampling=[all: each training image once an epoch; balanced: as many are drawn, all classes alike]:sampling:(all balanced)' \
                '--flip[mirror training images left to right, half of them in each epoch]' \
                '--shift=[move training images by up to N pixels up, down, left and right, anew in each epoch; what comes in from outside is the pixel at the edge]:N: ' \
                '--classes=[use these classes alone, in this order]:A,B,..: ' \
                '--labels=[which labels of CIFAR-100: the 20 coarse ones, or the 100 fine ones, which is auto]:labels:(auto coarse fine)' \
                '--decoder=[what decodes JPEGs; turbo: libjpeg-turbo, faster; auto: what the model was trained with, else stb]:decoder:(auto stb turbo)' \
                '--untrusted[decode image files in processes that can do nothing else; results do not depend on it]' \
                '--on-bad=[at an image that cannot be read: fail, or skip it and go on]:on-bad:(fail skip)' \
                '--cache=[where images that do not fit in memory are kept decoded, for this run and later ones; or off]:DIR|off:_files' \
                '--max-bad=[with --on-bad skip, stop after all where more than this share is bad]:SHARE: ' \
                '--loss=[what is minimised; auto: sigmoid for two classes, softmax for more]:loss:(auto softmax sigmoid mse)' \
                '--l2=[penalty (l2/2) |W|^2 in the objective; biases are free]:A[,B..]: ' \
                '--label-smoothing=[train towards (1-e) label + e/K in place of the label]:E[,F..]: ' \
                '--class-weight=[balanced, so that each class counts the same, or cat=2,dog=1]:WEIGHTS: ' \
                '--init=[where the biases begin: prior, at the log share of each class, or zero]:init:(prior zero)' \
                '--from=[begin with the weights of this model]:MODEL:_files' \
                '--optimizer=[how the weights are moved; gd sees the whole set for each step; lbfgs too, and goes to the optimum]:optimizer:(gd sgd adam lbfgs)' \
                '--lr=[learning rate; with 0 nothing is trained, and the verdict is inconclusive]:A[,B..]: ' \
                '--momentum=[momentum of gd and sgd]:A[,B..]: ' \
                '--nesterov[look ahead: Nesterov'\''s form of momentum]' \
                '--weight-decay=[shrink the weights by lr times this at each step, apart from the gradient (AdamW)]:A: ' \
                '--schedule=[how the learning rate goes over the run; cosine: down to 0; step: down in steps; auto: const where --lr is given, else cosine]:schedule:(auto const cosine step)' \
                '--step-every=[with --schedule step, epochs from one fall of the learning rate to the next]:EPOCHS: ' \
                '--step-factor=[with --schedule step, what the learning rate is multiplied by]:A: ' \
                '--warmup=[raise the learning rate in equal steps over the first epochs; 0.5 is half of one]:EPOCHS: ' \
                '--epochs=[passes over the training images]:N: ' \
                '--batch-size=[images per step of sgd and adam; gd and lbfgs see all of them in each]:N: ' \
                '--seed=[decides every random choice; the same seed gives the same bits]:N: ' \
                '--precision=[number type of what is multiplied; sums stay float32; tf32 and bf16 take a GPU]:precision:(f32 tf32 bf16)' \
                '--threads=[threads to use; results do not depend on it]:N: ' \
                '--memory=[most memory for decoded images, such as 512M or 4G; results do not depend on it]:BYTES: ' \
                '--devices=[what is compared: two of cpu, cuda, cuda:N and ref; the reference is always there beside them]:A,B: ' \
                '--mode=[lockstep: every step and stage from the same numbers; free: each device keeps its weights]:mode:(lockstep free)' \
                '--steps=[steps to compare; fewer where --epochs ends before]:N: ' \
                '--tolerance=[how far mean losses may be apart, relative; losses below 0.001 count as that]:R: ' \
                '--record=[write what the first device gives, as hashes and samples of every stage, to compare elsewhere]:FILE:_files' \
                '--against=[take such a record in the place of the second device]:FILE:_files' \
                '--replay=[run the step again that a comparison left in this file; takes no DATA]:FILE:_files' \
                '--stress[also scale the weights by powers of two, until everything saturates]' \
                '--self-test[plant faults, and say how small a fault is found in each stage]' \
                '(-o --out)--out=[folder for compare.jsonl and, where something differs, the step to --replay]:DIR:_files' \
                '(-o --out)-o+[folder for compare.jsonl and, where something differs, the step to --replay]:DIR:_files' \
                '--part=[part of DATA to measure]:part:(train val test)' \
                '--format=[text for people, json for programs]:format:(text json)' \
                '--config=[read options from lines of the form name = value; the environment and the command line win]:FILE:_files' \
                '--print-config[print every option as a config file, with where its value came from, and do nothing else]' \
                '--progress=[auto: one line that is rewritten, on a terminal; plain: a line now and then; none]:progress:(auto plain none)' \
                '(-q --quiet)--quiet[results and warnings alone]' \
                '(-q --quiet)-q[results and warnings alone]' \
                '(-v --verbose)--verbose[say more, and where in the source an error arose]' \
                '(-v --verbose)-v[say more, and where in the source an error arose]' \
                '(-h --help)--help[this text]' \
                '(-h --help)-h[this text]' \
                '*:file:_files' ;;
        pack)
            _arguments -s -S \
                '--size=[height and width of the images the model sees; others are scaled and cut at the centre]:HxW: ' \
                '--channels=[1 for grey, 3 for colour]:channels:(auto 1 3)' \
                '--classes=[use these classes alone, in this order]:A,B,..: ' \
                '--labels=[which labels of CIFAR-100: the 20 coarse ones, or the 100 fine ones, which is auto]:labels:(auto coarse fine)' \
                '--decoder=[what decodes JPEGs; turbo: libjpeg-turbo, faster; auto: what the model was trained with, else stb]:decoder:(auto stb turbo)' \
                '--untrusted[decode image files in processes that can do nothing else; results do not depend on it]' \
                '--on-bad=[at an image that cannot be read: fail, or skip it and go on]:on-bad:(fail skip)' \
                '--max-bad=[with --on-bad skip, stop after all where more than this share is bad]:SHARE: ' \
                '--threads=[threads to use; results do not depend on it]:N: ' \
                '--memory=[most memory for decoded images, such as 512M or 4G; results do not depend on it]:BYTES: ' \
                '(-o --out)--out=[packed file to write]:FILE:_files' \
                '(-o --out)-o+[packed file to write]:FILE:_files' \
                '--order=[order of the rows in the file: random mixes them, so that training can read them in blocks; index keeps them as they come; results do not depend on it]:order:(random index)' \
                '--force[replace a file that is there already]' \
                '--format=[text for people, json for programs]:format:(text json)' \
                '--config=[read options from lines of the form name = value; the environment and the command line win]:FILE:_files' \
                '--print-config[print every option as a config file, with where its value came from, and do nothing else]' \
                '--progress=[auto: one line that is rewritten, on a terminal; plain: a line now and then; none]:progress:(auto plain none)' \
                '(-q --quiet)--quiet[results and warnings alone]' \
                '(-q --quiet)-q[results and warnings alone]' \
                '(-v --verbose)--verbose[say more, and where in the source an error arose]' \
                '(-v --verbose)-v[say more, and where in the source an error arose]' \
                '(-h --help)--help[this text]' \
                '(-h --help)-h[this text]' \
                '*:file:_files' ;;
        export)
            _arguments -s -S \
                '(-o --out)--out=[file to write; .onnx and .c say what it is]:FILE:_files' \
                '(-o --out)-o+[file to write; .onnx and .c say what it is]:FILE:_files' \
                '--force[replace a file that is there already]' \
                '--prior=[how common the classes are where the images come from, such as cat=0.9,dog=0.1 (Bayes'\'' rule)]:A=P,..: ' \
                '--temperature=[divide the logits by T: above 1 less certain, below 1 more; the order of the classes stays]:T: ' \
                '--format=[onnx: a graph for onnxruntime, OpenCV and others; c: one C99 file; auto: by the ending of FILE]:format:(auto onnx c)' \
                '--config=[read options from lines of the form name = value; the environment and the command line win]:FILE:_files' \
                '--print-config[print every option as a config file, with where its value came from, and do nothing else]' \
                '(-q --quiet)--quiet[results and warnings alone]' \
                '(-q --quiet)-q[results and warnings alone]' \
                '(-v --verbose)--verbose[say more, and where in the source an error arose]' \
                '(-v --verbose)-v[say more, and where in the source an error arose]' \
                '(-h --help)--help[this text]' \
                '(-h --help)-h[this text]' \
                '*:file:_files' ;;
        report)
            _arguments -s -S \
                '(-o --out)--out=[page to write]:FILE:_files' \
                '(-o --out)-o+[page to write]:FILE:_files' \
                '--versus=[show each class'\''s weights less those of this class]:CLASS: ' \
                '(-q --quiet)--quiet[results and warnings alone]' \
                '(-q --quiet)-q[results and warnings alone]' \
                '(-v --verbose)--verbose[say more, and where in the source an error arose]' \
                '(-v --verbose)-v[say more, and where in the source an error arose]' \
                '(-h --help)--help[this text]' \
                '(-h --help)-h[this text]' \
                '*:file:_files' ;;
        info)
            _arguments -s -S \
                '--format=[text for people, json for programs]:format:(text json)' \
                '(-q --quiet)--quiet[results and warnings alone]' \
                '(-q --quiet)-q[results and warnings alone]' \
                '(-v --verbose)--verbose[say more, and where in the source an error arose]' \
                '(-v --verbose)-v[say more, and where in the source an error arose]' \
                '(-h --help)--help[this text]' \
                '(-h --help)-h[this text]' \
                '*:file:_files' ;;
        bench)
            _arguments -s -S \
                '--device=[what computes; auto: a usable GPU, else the processor; ref: slow, in double precision]:device:(auto cpu cuda ref)' \
                '--precision=[number type of what is multiplied; sums stay float32; tf32 and bf16 take a GPU]:precision:(f32 tf32 bf16)' \
                '--threads=[threads to use; results do not depend on it]:N: ' \
                '--seconds=[time to spend on each line]:S: ' \
                '--only=[measure only lines whose name and shape hold this text, such as step or '\''loss kernel'\'']:TEXT: ' \
                '--format=[text for people, json for programs]:format:(text json)' \
                '--config=[read options from lines of the form name = value; the environment and the command line win]:FILE:_files' \
                '--print-config[print every option as a config file, with where its value came from, and do nothing else]' \
                '(-q --quiet)--quiet[results and warnings alone]' \
                '(-q --quiet)-q[results and warnings alone]' \
                '(-v --verbose)--verbose[say more, and where in the source an error arose]' \
                '(-v --verbose)-v[say more, and where in the source an error arose]' \
                '(-h --help)--help[this text]' \
                '(-h --help)-h[this text]' \
                '*:file:_files' ;;
        help)
            _arguments -s -S \
                '--man[print the manual page, for man -l -]' \
                '--completion=[print the completion script of a shell]:completion:(bash zsh)' \
                '(-h --help)--help[this text]' \
                '(-h --help)-h[this text]' \
                '1:command:(train eval verify predict explain loss data compare pack export report info bench help)' ;;
        esac
    fi
}
if [[ $zsh_eval_context[-1] = loadautofunc ]]; then
    _logit "$@"
else
    compdef _logit logit
fi
