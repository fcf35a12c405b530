# Specimens that could not be used: why, and what to do.
quarantine-title = { $count ->
    [one] { $count } specimen could not be used
   *[other] { $count } specimens could not be used
}
quarantine-unread = Files of kinds that are not read
quarantine-specimen = Specimen
quarantine-kind = Why
quarantine-reason = Exactly
quarantine-file = File
quarantine-advice = The others went through. Mend or replace these files, then try again: only they are done. Tick rows to try some of them.
quarantine-again = { $count ->
    [one] Try the ticked one again
   *[other] Try the { $count } ticked ones again
}
quarantine-again-all = Try all of them again
quarantine-why-gone = The file is no longer there
quarantine-do-gone = Bring it back, or start the run again without it.
quarantine-why-access = The file cannot be opened
quarantine-do-access = Check its permissions, and that it is an ordinary file.
quarantine-why-changing = The file was still being written
quarantine-do-changing = Wait until it is copied, then try again.
quarantine-why-crashed = Reading or rendering it took too long or broke down
quarantine-do-crashed = Open it in another program, decimate it and export it again.
quarantine-why-large = Too large for this machine
quarantine-do-large = Decimate the mesh, or use a machine with more memory.
quarantine-why-picture = A photograph cannot be read
quarantine-do-picture = Export it again as PNG or JPEG.
quarantine-why-cut = The file is cut short
quarantine-do-cut = Copy it again from where it came from: something ended before it was whole.
quarantine-why-empty = There is nothing in the file
quarantine-do-empty = Export the mesh again.
quarantine-why-shape = There is no shape in it
quarantine-do-shape = Its points lie in one place or are too few: check in another program what was exported.
quarantine-why-invisible = Nothing of it can be seen
quarantine-do-invisible = Check in another program whether it has a surface.
quarantine-why-numbers = The backbone gave no usable numbers
quarantine-do-numbers = Make the run in the precision fp32.
quarantine-why-damaged = The file is damaged, or of another kind than its name says
quarantine-do-damaged = Export it again from the program that made it.
quarantine-why-other = Another reason
quarantine-do-other = The column “Exactly” tells which.
